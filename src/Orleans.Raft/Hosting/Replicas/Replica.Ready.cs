using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>The Ready loop with asynchronous storage writes: what may leave before the disk leaves at once, the rest follows the write.</content>
internal sealed partial class Replica
{
    private void OnItem(string silo, in LaneItem item)
    {
        if (item.To != Id)
        {
            Drop(DropReason.NoReplica, silo, $"addressed to replica {item.To}");
            return;
        }

        if (item.ToLife != default && item.ToLife != _life)
        {
            Drop(DropReason.OtherLife, silo, $"addressed to life {item.ToLife}, this is {_life}");
            return;
        }

        switch (item.Kind)
        {
            case LaneItemKind.Sleep:
                OnSleepItem(silo, item);
                return;
            case LaneItemKind.Message:
                OnMessage(silo, item);
                break;
            case LaneItemKind.Propose:
                WakeUp(isLeaderLost: false);
                Propose(silo, item.Body);
                break;
            case LaneItemKind.Read:
                WakeUp(isLeaderLost: false);
                OnReadItem(silo, item);
                break;
            case LaneItemKind.SnapshotPart:
                WakeUp(isLeaderLost: false, wokenBy: silo);
                OnPart(silo, item);
                break;
            case LaneItemKind.SnapshotPartAnswer:
                OnPartAnswer(silo, item);
                break;
            case LaneItemKind.Wake:
                WakeUp(isLeaderLost: false, wokenBy: silo);
                break;
            default:
                Drop(DropReason.Malformed, silo, $"item of kind {item.Kind}");
                break;
        }
    }

    private void OnReadItem(string silo, in LaneItem item)
    {
        try
        {
            var query = ClientCodec.ReadQuery(item.Body);
            EnqueueRead(new PendingRead(silo, query.Request, query.Data, item.FromLife));
        }
        catch (WireFormatException exception)
        {
            Drop(DropReason.Malformed, silo, exception.Message);
        }
    }

    private void OnMessage(string silo, in LaneItem item)
    {
        Message message;
        try
        {
            message = item.ReadMessage();
        }
        catch (WireFormatException exception)
        {
            Drop(DropReason.Malformed, silo, exception.Message);
            return;
        }

        if (!_peers.TryGetValue(item.From, out var peer))
        {
            // A leader or candidate of a newer configuration than this replica knows is listened to all the same (SAFETY-RULES A9).
            peer = new Peer(silo);
            _peers.Add(item.From, peer);
        }

        if (peer.Life != item.FromLife)
        {
            if (peer.Life.Store == item.FromLife.Store
                && (peer.Life.OpenCounter, peer.Life.Activation).CompareTo((item.FromLife.OpenCounter, item.FromLife.Activation)) > 0)
            {
                Drop(DropReason.EarlierLife, silo, $"from life {item.FromLife}, {peer.Life} has spoken since");
                return;
            }

            // Answers to the former life's requests leave under its name, before the new one is listened to (SAFETY-RULES A8).
            ProcessReady();
            peer.Life = item.FromLife;
        }

        if (_isAsleep && !(message.Type is MessageType.MsgHeartbeatResp or MessageType.MsgAppResp && message.Term == _node.Term))
        {
            // Late answers to what was sent before the group fell asleep wake nobody.
            WakeUp(isLeaderLost: false, wokenBy: silo);
        }

        if (item.From == _node.Leader)
        {
            _leaderHeardTick = _ticks;
        }

        if (message.Type == MessageType.MsgApp && message.Term >= _softTerm)
        {
            // Heartbeats tell no more than this replica is known to hold; appends tell all.
            Volatile.Write(ref _leaderCommit, Math.Max(_leaderCommit, message.Commit));
        }

        if (message.Type == MessageType.MsgApp && message.Entries.Count > 0 && _settings.Store.IsFull)
        {
            // Back-pressure stops admission, never the loop (SAFETY-RULES B9); the leader repeats.
            return;
        }

        _node.Step(message, _now);
    }

    private void ProcessReady()
    {
        // What waited for the last apply goes on even when the node itself has nothing new: on a group of one it may say nothing until the next tick.
        ApplyPending();
        while (_node.HasReady)
        {
            var ready = _node.Ready();
            if (ready.SoftState is { } soft)
            {
                OnSoftState(soft);
            }

            foreach (var state in ready.ReadStates)
            {
                OnReadState(state);
            }

            PendingAppend? append = null;
            foreach (var message in ready.Messages)
            {
                if (message.To == ReplicaId.AppendThread)
                {
                    append = Prepare(message, append);
                }
                else if (message.To == ReplicaId.ApplyThread)
                {
                    OnCommitted(message);
                    _toApply.Enqueue(message);
                }
                else
                {
                    Send(message, LifeFor(message));
                }
            }

            // From here on the node may be driven again: the view is used up.
            var isDriven = _isAsleep && ready.Messages.Count > 0;
            if (append is not null)
            {
                Write(append);
            }

            ApplyPending();
            if (isDriven)
            {
                // Whatever it was that made it work (a transfer of leadership, a change of members), the rest needs ticks.
                WakeUp(isLeaderLost: false);
            }
        }
    }

    private void OnCommitted(Message message)
    {
        while (message.Entries.Count > 0 && _tasks is not null && _tasks.Proposals.TryPeek(out var proposal) && proposal.Index <= message.Entries[^1].Index)
        {
            Tasks.Proposals.Dequeue();
            _settings.Metrics.Committed(Group.Name, _clock.Now - proposal.At);
        }
    }

    private PendingAppend Prepare(Message message, PendingAppend? append)
    {
        append ??= _spareAppends.TryDequeue(out var spare) ? spare : new PendingAppend();
        if (message.Snapshot is { } snapshot)
        {
            append.Install = TakeReceived(snapshot);
            append.Batch.ResetTo(_settings.Log, snapshot.Id, snapshot.ConfState, append.Install.Generation);
        }

        append.Batch.Append(_settings.Log, message.Entries);
        if (message.Term != 0 || message.Commit != 0 || !message.Vote.IsNone)
        {
            append.Batch.SetHardState(_settings.Log, new HardState(message.Term, message.Vote, message.Commit));
        }

        foreach (var response in message.Responses)
        {
            append.Responses.Add(new HeldMessage(response, LifeFor(response)));
        }

        return append;
    }

    private void Write(PendingAppend append)
    {
        _appends.Enqueue(append);
        append.StartedAt = _clock.Now;
        if (append.Batch.IsEmpty)
        {
            // Nothing to write, but its responses must not overtake those of earlier writes.
            Post(new ReplicaWork(ReplicaWorkKind.Written, Payload: append));
            return;
        }

        _ = WriteAsync(append);
    }

    private async Task WriteAsync(PendingAppend append)
    {
        try
        {
            await _settings.Store.WriteAsync(append.Batch).ConfigureAwait(false);
            _settings.Metrics.LogWritten(_clock.Now - append.StartedAt);
            Post(new ReplicaWork(ReplicaWorkKind.Written, Payload: append));
        }
        catch (Exception exception)
        {
            // Whether it is durable is unknown: the replica must not answer anything any more. It faults on its own scheduler.
            Post(new ReplicaWork(ReplicaWorkKind.WriteFailed, Payload: exception));
        }
    }

    private void OnWritten(PendingAppend written)
    {
        written.IsDurable = true;
        while (_appends.TryPeek(out var append) && append.IsDurable)
        {
            _appends.Dequeue();
            if (append.Install is { } install)
            {
                SwitchTo(install);
                append.Install = null;
            }

            foreach (var response in append.Responses)
            {
                if (response.Message.To == Id)
                {
                    _node.Step(response.Message, _now);
                }
                else
                {
                    Send(response.Message, response.ToLife);
                }
            }

            append.Batch.Clear();
            append.Responses.Clear();
            append.IsDurable = false;
            _spareAppends.Enqueue(append);
        }
    }

    private void Send(Message message, ReplicaLife toLife)
    {
        if (message.Snapshot is not null)
        {
            StartTransfer(message);
            return;
        }

        if (!_peers.TryGetValue(message.To, out var peer))
        {
            Drop(DropReason.NoRoute, "?", $"{message.Type} to replica {message.To}, whose silo is not known");
            return;
        }

        var item = Addresses(message.To, toLife);
        if (!_outlet.TrySend(peer.Silo, LaneFrame.Of(item, message)) && message.Entries.Count > 0)
        {
            // The node must not count on it: it goes back to probing instead of filling its window with what is lost.
            _node.ReportUnreachable(message.To);
        }
    }

    private void OnUnreachable(string silo)
    {
        foreach (var (replica, peer) in _peers)
        {
            if (replica != Id && string.Equals(peer.Silo, silo, StringComparison.Ordinal))
            {
                _node.ReportUnreachable(replica);
            }
        }
    }

    private LaneItem Addresses(ReplicaId to, ReplicaLife toLife) => new(
        Group.Name, Group.Index, _settings.Group.Incarnation, Id, to, _life, toLife);

    // Only an answer is bound to the life that asked: a request is for whoever lives there now.
    private ReplicaLife LifeFor(Message message) => message.Type switch
    {
        MessageType.MsgAppResp or MessageType.MsgVoteResp or MessageType.MsgPreVoteResp or MessageType.MsgHeartbeatResp
            or MessageType.MsgReadIndexResp => _peers.TryGetValue(message.To, out var peer) ? peer.Life : default,
        _ => default,
    };

    private void OnSoftState(SoftState soft)
    {
        var wasLeader = _soft.Role == RaftRole.Leader;
        _soft = soft;
        _softTerm = _node.Term;
        _handOverAt = _now + Patience;
        LogSoftState(_logger, Group, Id, _softTerm, soft.Role, soft.Leader);
        if (wasLeader != (soft.Role == RaftRole.Leader))
        {
            _settings.Metrics.LeaderChanged(Group.Name, leads: !wasLeader);
            _tasks?.Proposals.Clear();
        }

        if (wasLeader && soft.Role != RaftRole.Leader)
        {
            EndTransfers();
            RefuseAll(RefusalKind.NotLeader);
        }

        _client.OnLeader(soft.Leader, _softTerm);
    }
}
