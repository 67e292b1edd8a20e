namespace Orleans.Raft.Storage.Engine;

/// <summary>The keeper thread: has segments ready, indexes, reclaims, moves.</summary>
internal sealed partial class WalLogStore
{
    private void Keep()
    {
        try
        {
            while (true)
            {
                _wakeKeeper.WaitOne();
                if (_isStopping)
                {
                    return;
                }

                _log.Segments.Maintain();
                while (!_isStopping && TryEmptyOldest())
                {
                    _log.Segments.Maintain();
                }
            }
        }
        catch (Exception e)
        {
            // A disk that fails here fails for the writer too: the whole store stops, at once and for good.
            _queue.Fault(e);
        }
    }

    private bool TryEmptyOldest()
    {
        if (_log.Segments.FindToEmpty() is null)
        {
            return false;
        }

        // As much is moved as is written, so that the writer seldom has to do it.
        _queue.IsMoving = true;
        try
        {
            return _mover.TryEmptyOldest();
        }
        finally
        {
            _queue.IsMoving = false;
        }
    }

    /// <summary>Queues a move and waits until it is durable; false if the store stops.</summary>
    private bool Move(MoveRequest move)
    {
        var write = _queue.Rent();
        write.Move = move;
        write.RecordBytes = move.Bytes;
        var task = write.Task;
        if (!_queue.TryAdd(write))
        {
            return false;
        }

        try
        {
            task.AsTask().GetAwaiter().GetResult();
            return true;
        }
        catch (LogStoreException)
        {
            // The writer says so to everybody.
            return false;
        }
    }

    private void StopKeeper()
    {
        _isStopping = true;
        _wakeKeeper.Set();
        _keeper.Join();
    }
}
