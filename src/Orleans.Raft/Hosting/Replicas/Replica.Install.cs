using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Receiving a snapshot: under a new generation, verified whole, flushed, and current by one record of the log (SAFETY-RULES A6).</content>
internal sealed partial class Replica
{
    private void OnPart(string silo, in LaneItem item)
    {
        SnapshotPart part;
        try
        {
            part = SnapshotCodec.ReadPart(item.Body);
        }
        catch (WireFormatException exception)
        {
            Drop(DropReason.Malformed, silo, exception.Message);
            return;
        }

        if (_install?.Id != part.Id)
        {
            if (part.Number != 0)
            {
                // The middle of a transfer whose beginning another life got, or which another one has replaced.
                AnswerPart(silo, item.From, part, isRefused: true);
                return;
            }

            Discard(_install);
            _install = new SnapshotInstall(part.Id, _settings.Store.NewGeneration());
        }

        if (part.Number < _install.Next && !_install.IsBusy)
        {
            AnswerPart(silo, item.From, part, isRefused: false);
        }
        else if (part.Number == _install.Next && !_install.IsBusy)
        {
            _install.IsBusy = true;
            _ = StorePartAsync(_install, silo, item.From, part);
        }
    }

    private async Task StorePartAsync(SnapshotInstall install, string silo, ReplicaId from, SnapshotPart part)
    {
        try
        {
            var batch = new StateBatch(_settings.StateStore, install.Generation);
            foreach (var (key, value) in part.Rows)
            {
                install.Hash(key.Span, value.Span);
                batch.Put(key.Span, value.ToArray());
            }

            Message? message = null;
            var isWhole = true;
            if (part.IsLast)
            {
                message = RaftCodec.ReadPeerMessage(part.Message);
                isWhole = message.Snapshot is not null && install.Finish().AsSpan().SequenceEqual(part.Hash.Span);
                batch.Applied = message.Snapshot is { } snapshot ? new AppliedState(snapshot.Id, snapshot.ConfState) : null;
            }

            if (isWhole)
            {
                await _settings.StateStore.WriteAsync(batch).ConfigureAwait(false);
                if (part.IsLast)
                {
                    await _settings.StateStore.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                }
            }

            Post(new ReplicaWork(
                ReplicaWorkKind.Action, Payload: (Action)(() => OnPartStored(install, silo, from, part, isWhole ? message : null, isWhole))));
        }
        catch (WireFormatException exception)
        {
            Post(new ReplicaWork(ReplicaWorkKind.Action, Payload: (Action)(() =>
            {
                Drop(DropReason.Malformed, silo, exception.Message);
                OnPartStored(install, silo, from, part, null, isWhole: false);
            })));
        }
        catch (Exception exception)
        {
            Post(new ReplicaWork(ReplicaWorkKind.WriteFailed, Payload: exception));
        }
    }

    private void OnPartStored(SnapshotInstall install, string silo, ReplicaId from, SnapshotPart part, Message? message, bool isWhole)
    {
        install.IsBusy = false;
        if (_install != install)
        {
            return;
        }

        if (!isWhole)
        {
            Drop(DropReason.Malformed, silo, $"a snapshot whose rows are not those that were sent (transfer {install.Id})");
            _install = null;
            Discard(install);
            AnswerPart(silo, from, part, isRefused: true);
            return;
        }

        install.Next++;
        AnswerPart(silo, from, part, isRefused: false);
        if (message is null)
        {
            return;
        }

        _install = null;
        install.Snapshot = message.Snapshot;
        _received = install;
        _node.Step(message, _now);
        ProcessReady();
        if (_received is { } unwanted)
        {
            // The node has gone on meanwhile and does not need it.
            _received = null;
            Discard(unwanted);
        }
    }

    private SnapshotInstall TakeReceived(Snapshot snapshot)
    {
        if (_received is not { } install || install.Snapshot!.Id != snapshot.Id)
        {
            throw new InvalidOperationException(
                $"{Group} replica {Id}: the node wants the snapshot {snapshot.Id} installed; received is {_received?.Snapshot?.Id.ToString() ?? "none"}.");
        }

        _received = null;
        return install;
    }

    // The log's record is durable: from here on the new generation is the state.
    private void SwitchTo(SnapshotInstall install)
    {
        var former = _state.Generation;
        var stored = _state.Load(install.Generation);
        _applied = stored.Position.Index;
        _confState = stored.ConfState;
        install.Dispose();
        LogInstalled(_logger, Group, Id, _node.Term, stored.Position);
        Delete(former);
        AnswerConfirmedRounds();
    }

    private void Discard(SnapshotInstall? install)
    {
        if (install is not null)
        {
            install.Dispose();
            Delete(install.Generation);
        }
    }

    private void Delete(long generation) => _ = DeleteAsync(generation);

    private async Task DeleteAsync(long generation)
    {
        try
        {
            await _state.ForgetAsync(generation).ConfigureAwait(false);
            await _settings.StateStore.DeleteAsync(generation).ConfigureAwait(false);
        }
        catch (LogStoreException exception)
        {
            // Rows that no log names are deleted at the next start; that the store has stopped is told elsewhere.
            LogDropped(_logger, Group, Id, 0, _settings.Silo, $"rows of generation {generation} were not deleted: {exception.Message}");
        }
    }

    private void AnswerPart(string silo, ReplicaId to, in SnapshotPart part, bool isRefused)
    {
        var body = SnapshotCodec.Encode(new SnapshotPartAnswer(part.Id, part.Number, isRefused));
        _outlet.TrySend(silo, LaneFrame.Of(Addresses(to, default), LaneItemKind.SnapshotPartAnswer, body));
    }
}
