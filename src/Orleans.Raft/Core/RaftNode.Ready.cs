using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Orleans.Raft.Core;

/// <content>Output: messages, and the hand-over of work to the host in both modes of storage.</content>
public sealed partial class RaftNode
{
    /// <summary>True when <see cref="Ready"/> has something.</summary>
    public bool HasReady => _fault is null
        && !_isAdvancePending
        && (_isBroadcastDue
            || CurrentSoftState != _readySoftState
            || CurrentHardState != _readyHardState
            || _log.Unstable.HasNextSnapshot
            || _messages.Count > 0
            || _afterAppend.Count > 0
            || _log.Unstable.HasNextEntries
            || _log.HasNextCommitted(AppliesUnstable)
            || _readStates.Count > 0);

    /// <summary>
    /// Takes the work that has come up. In synchronous mode the host stores hard state, entries and snapshot, then sends the messages, applies the
    /// committed entries, and calls <see cref="Advance"/>. In asynchronous mode the messages to the local threads say it all.
    /// </summary>
    /// <returns>A view, valid until the next call of this method.</returns>
    public Ready Ready()
    {
        _ready.Clear();
        if (_fault is not null || _isAdvancePending)
        {
            return _ready;
        }

        try
        {
            FillReady(_ready);
            return _ready;
        }
        catch (Exception exception)
        {
            Fail(exception);
            _ready.Clear();
            return _ready;
        }
    }

    /// <summary>Synchronous mode: the work of a Ready is done. Does nothing in asynchronous mode.</summary>
    public void Advance(Ready ready)
    {
        ArgumentNullException.ThrowIfNull(ready);
        if (!_isAdvancePending || !EnterUntimed(Input.Of(nameof(Advance))))
        {
            return;
        }

        try
        {
            _isAdvancePending = false;
            foreach (var message in _stepsOnAdvance)
            {
                StepWithTerm(message);
                Recycle(message);
            }

            _stepsOnAdvance.Clear();
            Leave(Accept());
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    /// <summary>
    /// Gives a message back for reuse, when nobody looks at it any more. Optional: what is not given back is garbage. The message's responses are
    /// messages of their own; they are given back by whoever delivers them, after the message that carried them.
    /// </summary>
    public void Recycle(Message message)
    {
        ArgumentNullException.ThrowIfNull(message);
        _pool.Return(message);
    }

    private Message NewMessage(MessageType type, ReplicaId to)
    {
        var message = _pool.Rent();
        (message.Type, message.From, message.To) = (type, Id, to);
        return message;
    }

    private void Post(MessageType type, ReplicaId to, long term, long index = 0)
    {
        var message = NewMessage(type, to);
        (message.Term, message.Index) = (term, index);
        Send(message);
    }

    private void Send(Message message)
    {
        var ownTerm = message.Type.CarriesOwnTerm();
        Invariant.Holds(ownTerm == (message.Term != 0) || message.Reject, $"only votes choose their term: {message}");
        if (!ownTerm && message.Type is not (MessageType.MsgProp or MessageType.MsgReadIndex))
        {
            message.Term = Term;
        }

        if (message.Type.WaitsForDisk() || (message.Type is MessageType.MsgVote && _config.VoteRequestsWaitForDisk))
        {
            _afterAppend.Add(message);
            return;
        }

        Invariant.Holds(message.To != Id, $"a message to itself must wait for the disk: {message}");
        _messages.Add(message);
    }

    private void FillReady(Ready ready)
    {
        SendWhatIsDue();
        if (CurrentSoftState != _readySoftState)
        {
            ready.SoftState = _readySoftState = CurrentSoftState;
        }

        var hardState = CurrentHardState;
        var mustPersistTerm = hardState.Term != _readyHardState.Term || hardState.Vote != _readyHardState.Vote;
        if (hardState != _readyHardState)
        {
            ready.HardState = _readyHardState = hardState;
        }

        ready.Snapshot = _log.Unstable.HasNextSnapshot ? _log.Unstable.Snapshot : null;
        ready.TakeReadStates(_readStates);
        _messages = ready.SwapMessages(_messages);
        _reads.CloseRound();
        ready.MustSync = _log.Unstable.HasNextEntries || mustPersistTerm;
        if (_config.AsyncStorageWrites)
        {
            FillAsynchronously(ready);
        }
        else
        {
            FillSynchronously(ready);
        }

        _afterAppend.Clear();
        _log.Unstable.AcceptInProgress();
        var committed = CollectionsMarshal.AsSpan(ready.CommittedList);
        if (committed.Length > 0)
        {
            _log.AcceptApplying(committed[^1].Index, EntrySize.Of(committed), AppliesUnstable);
        }
    }

    private void FillSynchronously(Ready ready)
    {
        ReadNextUnstable(ready.EntryList);
        _log.ReadNextCommitted(AppliesUnstable, ready.CommittedList);
        _isAdvancePending = true;
        foreach (var message in _afterAppend)
        {
            if (message.To == Id)
            {
                _stepsOnAdvance.Add(message);
            }
            else
            {
                ready.MessageList.Add(message);
            }
        }

        if (NeedsAppendAnswer())
        {
            _stepsOnAdvance.Add(AppendAnswer());
        }

        if (ready.CommittedList.Count > 0)
        {
            var applied = NewMessage(MessageType.MsgStorageApplyResp, Id);
            applied.From = ReplicaId.ApplyThread;
            applied.OwnEntries().AddRange(ready.CommittedList);
            _stepsOnAdvance.Add(applied);
        }
    }

    private void FillAsynchronously(Ready ready)
    {
        if (_log.Unstable.HasNextEntries || ready.HardState is not null || ready.Snapshot is not null || _afterAppend.Count > 0)
        {
            var append = NewMessage(MessageType.MsgStorageAppend, ReplicaId.AppendThread);
            if (ready.HardState is { } hardState)
            {
                (append.Term, append.Vote, append.Commit) = hardState;
            }

            append.Snapshot = ready.Snapshot;
            ReadNextUnstable(append.OwnEntries());
            ready.UseEntries(append.OwnEntries());
            append.OwnResponses().AddRange(_afterAppend);
            if (NeedsAppendAnswer())
            {
                // After the replica's own MsgAppResp, which looks up terms that this may release.
                append.OwnResponses().Add(AppendAnswer());
            }

            ready.MessageList.Add(append);
        }

        if (_log.HasNextCommitted(AppliesUnstable))
        {
            var apply = NewMessage(MessageType.MsgStorageApply, ReplicaId.ApplyThread);
            _log.ReadNextCommitted(AppliesUnstable, apply.OwnEntries());
            ready.UseCommitted(apply.OwnEntries());
            var applied = NewMessage(MessageType.MsgStorageApplyResp, Id);
            applied.From = ReplicaId.ApplyThread;
            applied.OwnEntries().AddRange(apply.OwnEntries());
            apply.OwnResponses().Add(applied);
            ready.MessageList.Add(apply);
        }
    }

    private void ReadNextUnstable(List<Entry> into)
    {
        var unstable = _log.Unstable;
        if (unstable.HasNextEntries)
        {
            into.AddRange(unstable.Slice(unstable.NextIndex, unstable.EndIndex));
        }
    }

    private bool NeedsAppendAnswer() => _log.Unstable.Count > 0 || _log.HasPendingSnapshot;

    /// <summary>
    /// Names the end of the whole unstable tail in the current term, not only of what this write holds: else the tail would never be released after a
    /// term that changed without entries. Dropped when the term has changed by then: the tail may have been replaced, and replaced back (ABA).
    /// </summary>
    private Message AppendAnswer()
    {
        var answer = NewMessage(MessageType.MsgStorageAppendResp, Id);
        (answer.From, answer.Term) = (ReplicaId.AppendThread, Term);
        if (_log.Unstable.Count > 0)
        {
            (answer.LogTerm, answer.Index) = _log.LastId;
        }

        answer.Snapshot = _log.Unstable.Snapshot;
        return answer;
    }
}
