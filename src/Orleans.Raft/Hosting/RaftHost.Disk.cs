using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <content>
/// A disk that hangs or fails. While it hangs this silo's leaders can still send, but neither acknowledge nor apply: they hand over, before their
/// followers or callers have waited for long. When it has failed, every replica of the silo stops for good, and its leaders say so first.
/// </content>
internal sealed partial class RaftHost
{
    // Its followers would elect another leader after an election timeout of silence; by half of it the silo's disk counts as hanging.
    private bool IsStalled(LogStoreStatus store) => store.OldestPendingAge >= _options.TickInterval * (_options.ElectionTicks / 2.0);

    private void WatchDisk()
    {
        var status = _store!.GetStatus();
        if (status.Failure is not null || !IsStalled(status))
        {
            if (_handOverAgainAt != default && status.Failure is null)
            {
                LogDiskAnswers(_logger, Silo);
            }

            _handOverAgainAt = default;
            return;
        }

        var now = _clock.Now;
        if (now < _handOverAgainAt)
        {
            return;
        }

        if (_handOverAgainAt == default)
        {
            LogDiskHangs(_logger, Silo, status.OldestPendingAge.TotalMilliseconds);
        }

        // A transfer that comes to nothing is given up by its node after an election timeout; then it is tried again.
        _handOverAgainAt = now + (_options.TickInterval * _options.ElectionTicks);
        foreach (var replica in Replicas)
        {
            if (replica.IsLeader)
            {
                replica.PostHandOver(IsTransferTarget, "its silo's disk hangs");
            }
        }
    }

    private void OnStoreFailed(LogStoreException failure)
    {
        LogStoreFailed(_logger, Silo, failure);
        foreach (var replica in Replicas)
        {
            replica.Post(new ReplicaWork(ReplicaWorkKind.WriteFailed, Payload: failure));
        }
    }
}
