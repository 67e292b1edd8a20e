using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Saving the state, cutting the log, and sending snapshots to followers that need what was cut.</content>
internal sealed partial class Replica
{
    private const int MaxPartAttempts = 10;

    /// <summary>Entries in the log that a saved state makes superfluous, roughly; read from any thread.</summary>
    public long CompactableEntries => Volatile.Read(ref _applied) - _settings.Log.Reader.FirstIndex + 1 - _settings.TailEntries;

    /// <summary>True until the log of a recovered group is cut once: from then on nobody can start from the group's birth.</summary>
    public bool MustCompact => _settings.IsRecovered && _settings.Log.Reader.FirstIndex == 1;

    /// <summary>Saves a state that is kept in memory; true when it is in the state store, to be flushed by the caller.</summary>
    public Task<bool> SaveAsync()
    {
        var saved = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new ReplicaWork(ReplicaWorkKind.Action, Payload: (Action)(() => _ = SaveAsync(saved))));
        return saved.Task;
    }

    /// <summary>Cuts the log below what the state store has on disk.</summary>
    public void PostCompact() => Post(new ReplicaWork(ReplicaWorkKind.Action, Payload: (Action)Compact));

    private void Save() => _ = SaveAsync(new TaskCompletionSource<bool>());

    private async Task SaveAsync(TaskCompletionSource<bool> saved)
    {
        // A batch on its way to the store has changed the state already and is not yet counted as applied.
        if (!_state.IsSavedAsWhole || _isSaving || _applying is not null || _applied == 0 || !_log.TryGetTerm(_applied, out var term))
        {
            saved.TrySetResult(!_state.IsSavedAsWhole);
            return;
        }

        _isSaving = true;
        try
        {
            var isSaved = await _state.SaveAsync(new EntryId(term, _applied), _confState).ConfigureAwait(false);
            saved.TrySetResult(isSaved);
        }
        catch (Exception exception)
        {
            saved.TrySetResult(false);
            Post(new ReplicaWork(ReplicaWorkKind.WriteFailed, Payload: exception));
        }
        finally
        {
            _isSaving = false;
        }
    }

    private void Compact()
    {
        var durable = _settings.StateStore.GetDurableApplied(_state.Generation).Position;
        var target = Math.Min(durable.Index, _applied) - (MustCompact ? 0 : _settings.TailEntries);
        foreach (var transfer in Tasks.Transfers.Values)
        {
            // After the snapshot its receiver needs what follows it.
            target = Math.Min(target, transfer.Position.Index);
        }

        if (target < _log.FirstIndex || !_log.TryGetTerm(target, out var term))
        {
            return;
        }

        var append = new PendingAppend();
        append.Batch.CompactTo(_settings.Log, new EntryId(term, target));
        LogCompacted(_logger, Group, Id, _node.Term, target);
        Write(append);
    }

    // Asked by the node when a follower needs what the log no longer has.
    private Snapshot? OfferSnapshot()
    {
        var stored = _state.Stored;
        if (stored.Position.Index < _log.FirstIndex - 1 || stored.Position.Index == 0 || !IsFor(stored.ConfState, _confState))
        {
            _isSaveWanted = true;
            return null;
        }

        return new Snapshot(stored.Position, stored.ConfState, default);
    }

    // A newcomer does not take a snapshot from before it was added.
    private static bool IsFor(ConfState saved, ConfState present) =>
        present.Voters.Concat(present.VotersOutgoing).Concat(present.Learners).All(
            replica => saved.Voters.Contains(replica) || saved.VotersOutgoing.Contains(replica) || saved.Learners.Contains(replica));

    private void StartTransfer(Message message)
    {
        if (Tasks.Transfers.Remove(message.To, out var former))
        {
            former.Dispose();
        }

        // The view may be of a later moment than the offer; the message says what the view says.
        var view = _settings.StateStore.OpenView(_state.Generation);
        var actual = new Message
        {
            Type = MessageType.MsgSnap,
            From = message.From,
            To = message.To,
            Term = message.Term,
            Snapshot = new Snapshot(view.Applied.Position, view.Applied.ConfState, default),
        };
        var transfer = new SnapshotTransfer(view, actual);
        Tasks.Transfers.Add(message.To, transfer);
        LogTransfer(_logger, Group, Id, _node.Term, message.To, transfer.Position, "starts");
        SendPart(transfer);
    }

    private void SendPart(SnapshotTransfer transfer)
    {
        transfer.SentTick = _ticks;
        if (_peers.TryGetValue(transfer.To, out var peer)
            && _outlet.TrySend(peer.Silo, LaneFrame.Of(Addresses(transfer.To, default), LaneItemKind.SnapshotPart, transfer.Part)))
        {
            transfer.Attempts++;
        }
    }

    private void ResendParts()
    {
        if (_tasks is not { Transfers.Count: > 0 })
        {
            return;
        }

        foreach (var transfer in Tasks.Transfers.Values.ToArray())
        {
            if (_ticks - transfer.SentTick < _settings.Node.ElectionTicks)
            {
                continue;
            }

            if (transfer.Attempts >= MaxPartAttempts)
            {
                EndTransfer(transfer, succeeded: false);
            }
            else
            {
                SendPart(transfer);
            }
        }
    }

    private void OnPartAnswer(string silo, in LaneItem item)
    {
        SnapshotPartAnswer answer;
        try
        {
            answer = SnapshotCodec.ReadAnswer(item.Body);
        }
        catch (WireFormatException exception)
        {
            Drop(DropReason.Malformed, silo, exception.Message);
            return;
        }

        if (!Tasks.Transfers.TryGetValue(item.From, out var transfer) || transfer.Id != answer.Id || answer.Number != transfer.Number)
        {
            return;
        }

        if (answer.IsRefused || transfer.IsLast)
        {
            EndTransfer(transfer, succeeded: !answer.IsRefused);
            return;
        }

        transfer.Next();
        SendPart(transfer);
    }

    private void EndTransfer(SnapshotTransfer transfer, bool succeeded)
    {
        Tasks.Transfers.Remove(transfer.To);
        LogTransfer(_logger, Group, Id, _node.Term, transfer.To, transfer.Position, succeeded ? "has arrived" : "failed");
        transfer.Dispose();
        _node.ReportSnapshot(transfer.To, succeeded);
    }

    private void EndTransfers()
    {
        foreach (var transfer in Tasks.Transfers.Values)
        {
            transfer.Dispose();
        }

        Tasks.Transfers.Clear();
    }
}
