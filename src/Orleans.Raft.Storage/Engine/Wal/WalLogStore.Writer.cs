namespace Orleans.Raft.Storage.Engine;

/// <summary>The writer thread.</summary>
internal sealed partial class WalLogStore
{
    private void Write()
    {
        try
        {
            while (_queue.TryTake(_gathered, _maxBatchBytes, MarkDelay(), out var isIdle))
            {
                if (isIdle)
                {
                    _log.Mark(closing: false);
                    _isMarked = true;
                    continue;
                }

                var before = _log.Sequence;
                _log.Commit(_gathered);
                _isMarked &= _log.Sequence == before;
                Complete();
            }

            StopKeeper();
            _log.Mark(closing: true);
        }
        catch (Exception e)
        {
            // Whatever it was, what is on the disk is not known any more: nothing is tried again (an fsync that failed once may
            // succeed the second time without having written anything).
            Fail(e);
        }
        finally
        {
            StopKeeper();
            _log.Dispose();
            _directoryLock.Dispose();
            _stopped.SetResult();
        }
    }

    private TimeSpan MarkDelay() => _isMarked ? Timeout.InfiniteTimeSpan : _options.IdleMark;

    private void Complete()
    {
        _queue.Completed(_gathered);
        foreach (var write in _gathered)
        {
            write.Complete();
        }

        _gathered.Clear();
    }

    private void Fail(Exception cause)
    {
        var failure = new LogStoreException(
            $"The log of store {Identity} stopped after batch {_log.Sequence}: {cause.Message} Pending writes may or may not be on the disk; no other will be. "
            + "Check the disk and restart the silo.",
            cause);
        Volatile.Write(ref _failure, failure);
        foreach (var write in _queue.Abort(_gathered))
        {
            write.Fail(failure);
        }

        if (Failed is { } failed)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => failed(failure), null);
        }
    }
}
