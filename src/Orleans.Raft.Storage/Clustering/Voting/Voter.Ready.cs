using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <content>The Ready loop: what may leave before the disk leaves at once, the rest follows the write.</content>
internal sealed partial class Voter
{
    private void Drain()
    {
        AskForOpenRound();
        while (_node is { HasReady: true } node)
        {
            var ready = node.Ready();
            if (ready.SoftState is { } soft)
            {
                OnLeadership(node, soft);
            }

            // Copies: delivering answers below calls verbs of the node.
            Message[] messages = [.. ready.Messages];
            ReadState[] reads = [.. ready.ReadStates];
            foreach (var message in messages)
            {
                Dispatch(node, message);
            }

            foreach (var read in reads)
            {
                OnReadState(read);
            }
        }

        if (_node is { IsFaulted: true } faulted)
        {
            Fault(faulted.Fault!.Message);
        }
    }

    private void Dispatch(RaftNode node, Message message)
    {
        if (message.To == ReplicaId.AppendThread)
        {
            _writes = PersistAsync(_writes, message);
        }
        else if (message.To == ReplicaId.ApplyThread)
        {
            Apply(node, message);
        }
        else
        {
            Send(message);
        }
    }

    /// <summary>Answers are delivered in the order of the writes, each when its own write and all before are durable.</summary>
    private async Task PersistAsync(Task before, Message append)
    {
        try
        {
            var write = _store.AppendAsync(append);
            await before.ConfigureAwait(false);
            await write.ConfigureAwait(false);
            Post(() => OnStored(append));
        }
        catch (Exception failure)
        {
            Post(() => Fault($"its log could not be written: {failure.Message}", failure));
        }
    }

    private void OnStored(Message append)
    {
        if (_node is not { } node)
        {
            return;
        }

        if (append.Snapshot is { } snapshot)
        {
            _state = TableState.Decode(snapshot.Data);
            _confState = snapshot.ConfState;
            _lastSnapshot = _state.Applied;
            FailProposals();
            Publish();
        }

        Deliver(node, append);
    }

    private void Deliver(RaftNode node, Message done)
    {
        foreach (var response in done.Responses)
        {
            if (response.To == node.Id)
            {
                node.Step(response, Now);
            }
            else
            {
                Send(response);
            }
        }
    }

    private void Apply(RaftNode node, Message apply)
    {
        try
        {
            foreach (var entry in apply.Entries)
            {
                ApplyEntry(node, entry);
            }
        }
        catch (Exception failure) when (failure is InvalidOperationException or InvariantViolationException or WireFormatException)
        {
            Fault($"entry {_state.Applied + 1} could not be applied: {failure.Message}", failure);
            return;
        }

        Publish();
        Deliver(node, apply);
        AnswerReads();
        if (_state.Applied - _lastSnapshot >= _settings.SnapshotEntries)
        {
            _lastSnapshot = _state.Applied;
            _writes = CompactAsync(_writes);
        }
    }

    private void ApplyEntry(RaftNode node, in Entry entry)
    {
        if (entry.Type is not EntryType.EntryNormal)
        {
            ApplyConfChange(node, entry);
        }
        else if (entry.Data.IsEmpty)
        {
            _state.ApplyNothing(entry.Index);
        }
        else
        {
            CompleteProposal(entry.Id, _state.Apply(entry.Index, TableCommand.Decode(entry.Data)));
            return;
        }

        CompleteProposal(entry.Id, new TableOutcome(TableResult.Done));
    }

    /// <summary>Bindings follow the configuration as Core has it after the change: a change that was impossible binds nobody.</summary>
    private void ApplyConfChange(RaftNode node, in Entry entry)
    {
        if (!ConfChangeCodec.TryDecode(entry, out var change))
        {
            throw new InvalidOperationException($"configuration change {entry.Id} cannot be read");
        }

        _confState = node.ApplyConfChange(change);
        _state.ApplyNothing(entry.Index);
        if (!change.Context.IsEmpty && VoterBinding.Decode(change.Context) is var added && Contains(added.Replica))
        {
            _state.Bind(added);
        }

        foreach (var voter in _state.View.Voters.Values.Where(voter => !Contains(voter.Replica)).ToList())
        {
            _state.Unbind(voter.Replica);
        }
    }

    private bool Contains(ReplicaId replica) =>
        _confState.Voters.Contains(replica) || _confState.VotersOutgoing.Contains(replica)
        || _confState.Learners.Contains(replica) || _confState.LearnersNext.Contains(replica);

    private async Task CompactAsync(Task before)
    {
        try
        {
            var write = _store.CompactAsync(_state, _confState, _settings.TailEntries);
            await before.ConfigureAwait(false);
            await write.ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Post(() => Fault($"its snapshot could not be written: {failure.Message}", failure));
        }
    }

    private Snapshot? TakeSnapshot() =>
        _store.Log.TryGetTerm(_state.Applied, out var term)
            ? new Snapshot(new EntryId(term, _state.Applied), _confState, _state.Encode())
            : null;

    private void Publish()
    {
        var isLeader = _node is { Role: RaftRole.Leader };
        if (_published?.View.Voters != _state.View.Voters)
        {
            _links.Learn(_state.View.Voters.Values);
        }

        _published = new Published(_state.Incarnation, _node!.Id, _state.View, _state.Applied, isLeader, HasLeader: !_node.Leader.IsNone);
        CheckOwnBinding();
    }

    private void CheckOwnBinding()
    {
        if (_state.IsRemoved(_node!.Id))
        {
            Fault($"replica {_node.Id} was removed from the group");
        }
        else if (_state.View.Voters.TryGetValue(_node.Id.Value, out var bound) && bound.IsAheadOf(_store.Identity.OpenCounter, _store.Life))
        {
            Fault($"store {_store.Identity} was opened as number {bound.OpenCounter} by another life: the data directory was restored or copied (SAFETY-RULES A7). "
                + "Empty it and add the voter again.");
        }
    }

    private void OnLeadership(RaftNode node, SoftState soft)
    {
        _isSeekingLeader &= soft.Leader.IsNone;
        LogRole(Name, node.Id, node.Term, soft.Role, NameOf(soft.Leader));
        if (soft.Role is not RaftRole.Leader)
        {
            FailProposals();
            _alive.Clear();
            _hasNewAlive = false;
        }

        _published = _published! with { IsLeader = soft.Role is RaftRole.Leader, HasLeader = !soft.Leader.IsNone };
    }
}
