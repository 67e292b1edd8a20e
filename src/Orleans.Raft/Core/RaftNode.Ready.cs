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
            // A verb may have become a fault meanwhile; then nothing leaves.
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
            Invariant.Holds(ReferenceEquals(ready, _ready), $"the Ready of another node is advanced: {this}");
            _isAdvancePending = false;
            // In the order in which they were decided, like messages from the local threads in the other mode: that both modes decide the same rests on it.
            foreach (var message in _stepsOnAdvance)
            {
                Invariant.Holds(message.To == Id, $"what is for another replica waits for this one's Advance: {message}");
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

    /// <summary>Where every message passes: it gets its term here, and waits for the disk here if what it says must be durable first.</summary>
    private void Send(Message message)
    {
        // All that leaves passes here: what may not be said before the disk has it can't slip out by another way.
        var ownTerm = message.Type.CarriesOwnTerm();
        Invariant.Holds(ownTerm == (message.Term != 0) || message.Reject, $"only votes choose their term: {message}");
        if (!ownTerm && message.Type is not (MessageType.MsgProp or MessageType.MsgReadIndex))
        {
            message.Term = Term;
        }

        if (message.Type.WaitsForDisk() || (message.Type is MessageType.MsgVote && _config.VoteRequestsWaitForDisk))
        {
            // Rejections too. They tell a term, which must not be forgotten once others have acted on it (Raft §5.1; etcd's msgsAfterAppend).
            _afterAppend.Add(message);
            return;
        }

        Invariant.Holds(message.To != Id, $"a message to itself must wait for the disk: {message}");
        Invariant.Holds(Role is RaftRole.Leader || !message.Type.IsFromLeader(), $"only a leader speaks as one: {message} while {this}");
        _messages.Add(message);
    }

    /// <summary>
    /// Takes over all that has come up. What is told here is remembered as told, so it must be done: the order of the lines is that of the dependencies between
    /// them, messages first, then what is to be written, then what is to be applied.
    /// </summary>
    private void FillReady(Ready ready)
    {
        // First of all, since it makes messages, and an acknowledgement that waits for the disk.
        SendWhatIsDue();
        if (CurrentSoftState != _readySoftState)
        {
            ready.SoftState = _readySoftState = CurrentSoftState;
        }

        var hardState = CurrentHardState;
        AssertGrows(hardState);
        var mustPersistTerm = hardState.Term != _readyHardState.Term || hardState.Vote != _readyHardState.Vote;
        if (hardState != _readyHardState)
        {
            ready.HardState = _readyHardState = hardState;
        }

        // A commit index alone needs no fsync: after a power loss it is found again, at the latest by the next leader's first commit.
        ready.Snapshot = _log.Unstable.HasNextSnapshot ? _log.Unstable.Snapshot : null;
        // Answers to reads were confirmed before this Ready, so they are right whatever else is in it, and wait for no disk.
        ready.TakeReadStates(_readStates);
        _messages = ready.SwapMessages(_messages);
        Invariant.Holds(_messages.Count == 0, $"{_messages.Count} messages would leave twice: {this}");
        // What comes from now on is later than the heartbeats that leave with this Ready.
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
        Invariant.Holds(!_log.Unstable.HasNextEntries && !_log.Unstable.HasNextSnapshot, $"something was not handed out to be written: {_log}");
        var committed = CollectionsMarshal.AsSpan(ready.CommittedList);
        if (committed.Length > 0)
        {
            Invariant.Holds(committed[0].Index == _log.Applying + 1, $"entries to apply start at {committed[0].Id}: {_log}");
            Invariant.Holds(committed[^1].Index == _log.Applying + committed.Length, $"entries to apply end at {committed[^1].Id}: {_log}");
            Invariant.Holds(ready.Snapshot is null, $"entries are applied over a snapshot that is not stored: {_log}");
            _log.AcceptApplying(committed[^1].Index, EntrySize.Of(committed), AppliesUnstable);
        }
    }

    /// <summary>The invariant that all of Raft rests on: what is stored never goes back, and a vote is given once in a term (Raft §5.2).</summary>
    private void AssertGrows(in HardState next)
    {
        var stored = _readyHardState;
        Invariant.Holds(next.Term >= stored.Term, $"{next} after {stored}");
        Invariant.Holds(next.Commit >= stored.Commit, $"{next} after {stored}");
        Invariant.Holds(next.Term > stored.Term || stored.Vote.IsNone || next.Vote == stored.Vote, $"a second vote: {next} after {stored}");
    }

    private void FillSynchronously(Ready ready)
    {
        // Entries to apply may be among those to store: the host stores first, so applying never runs ahead of the disk.
        ReadNextUnstable(ready.EntryList);
        _log.ReadNextCommitted(AppliesUnstable, ready.CommittedList);
        _isAdvancePending = true;
        Invariant.Holds(_stepsOnAdvance.Count == 0, $"{_stepsOnAdvance.Count} answers of an earlier Ready were never stepped: {this}");
        // The host sends after it has stored, so answers to others may go with the rest; the replica's own are stepped when it says that it has.
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

        // In the order of the other mode's threads: first what the disk has, then what the state machine has.
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

    // Work is told in messages to two local threads. Each does its messages in order, and delivers a message's responses when it and all before it are done.
    private void FillAsynchronously(Ready ready)
    {
        if (_log.Unstable.HasNextEntries || ready.HardState is not null || ready.Snapshot is not null || _afterAppend.Count > 0)
        {
            var append = NewMessage(MessageType.MsgStorageAppend, ReplicaId.AppendThread);
            if (ready.HardState is { } hardState)
            {
                // All three or none: a thread that finds term 0 has no hard state to write.
                Invariant.Holds(hardState.Term > 0 || hardState.Vote.IsNone, $"a vote in no term is to be stored: {hardState}");
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

        // Its own message, because applying may take long and nobody but later reads waits for it; the disk does not.
        if (_log.HasNextCommitted(AppliesUnstable))
        {
            Invariant.Holds(!_log.HasPendingSnapshot, $"entries are applied over a snapshot that is not stored: {_log}");
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

    // As long as anything is not known to be durable, whether this write holds some of it or not: else a tail would stay in memory after a write whose
    // answer was dropped.
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
            Invariant.Holds(answer.LogTerm <= Term, $"the log holds an entry of a term that has not begun: {_log} in {Term}");
        }

        answer.Snapshot = _log.Unstable.Snapshot;
        return answer;
    }
}
