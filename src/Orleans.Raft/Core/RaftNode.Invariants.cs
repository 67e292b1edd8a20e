using System;
using System.Diagnostics;
using System.Text;

namespace Orleans.Raft.Core;

/// <content>The frame of every verb, faults, and what is always true.</content>
public sealed partial class RaftNode
{
    /// <summary>Everything about the node, over several lines.</summary>
    public string Describe()
    {
        var text = new StringBuilder(ToString());
        text.Append("\nvote=").Append(_vote).Append(" transferee=").Append(_transferee);
        text.Append(" electionElapsed=").Append(_electionElapsed).Append('/').Append(_electionTimeout);
        text.Append(" pendingConfIndex=").Append(_pendingConfIndex).Append(" uncommitted=").Append(_uncommittedSize);
        text.Append(" reads=").Append(_reads.PendingCount).Append(" round=").Append(_reads.Round);
        return text.Append('\n').Append(_tracker.Describe()).ToString();
    }

    private bool Enter(in Input input, TimeSpan now)
    {
        if (!_hasStarted)
        {
            // An earlier life may have promised not to vote just before it ended.
            (_hasStarted, _now) = (true, now);
            _promisedUntil = now + _config.VotePromise;
        }

        _now = now > _now ? now : _now;
        return EnterUntimed(input);
    }

    private bool EnterUntimed(in Input input)
    {
        if (_fault is not null)
        {
            return false;
        }

        _inputs.Add(input, _now);
        return true;
    }

    private StepResult Leave(StepResult result)
    {
        AssertInvariants();
        if (_trace is not null)
        {
            TraceOutcome(result.Reason);
        }

        return result;
    }

    private StepResult Fail(Exception exception)
    {
        // Whatever it is, the node's state may be half changed: nothing it would say from now on can be trusted.
        var message = exception is InvariantViolationException ? exception.Message : exception.ToString();
        string state;
        try
        {
            state = Describe();
        }
        catch (Exception second)
        {
            state = $"replica={Id}; its state cannot be described: {second.Message}";
        }

        _fault = new RaftFault($"replica={Id} term={Term}: {message}", state, _inputs.Describe());
        _messages.Clear();
        _afterAppend.Clear();
        _readStates.Clear();
        Trace(TraceKind.Faulted);
        return Refuse(RefusalReason.Faulted);
    }

    private StepResult Accept() => StepResult.Accepted(Leader);

    private StepResult Ignore(RefusalReason reason) => StepResult.Ignored(reason, Leader);

    private StepResult Refuse(RefusalReason reason) => StepResult.Refused(reason, Leader);

    [Conditional("DEBUG")]
    private void AssertInvariants()
    {
        Invariant.Holds(_log.Applied <= _log.Applying && _log.Applying <= _log.Committed, $"cursors out of order: {_log}");
        Invariant.Holds(_log.Committed <= _log.LastIndex, $"committed beyond the end: {_log}");
        Invariant.Holds(_electionElapsed >= 0 && _electionTimeout >= _config.ElectionTicks, $"timeout={_electionTimeout}");
        if (Role is not RaftRole.Leader)
        {
            Invariant.Holds(_reads.PendingCount == 0, $"only a leader keeps reads: {_reads.PendingCount}");
            return;
        }

        Invariant.Holds(Leader == Id, $"a leader knows no other leader (election safety): {Leader}");
        foreach (var peer in _tracker.Peers)
        {
            Invariant.Holds(peer.Match < peer.Next, $"what is matched is never sent again: {peer}");
            Invariant.Holds(peer.Match <= _log.LastIndex, $"no peer can match beyond the leader's own log: {peer} {_log}");
            Invariant.Holds(peer.Next <= _log.LastIndex + 1 || peer.State is not ProgressState.Replicate, $"sent beyond the log: {peer} {_log}");
        }
    }
}
