using RocksDbSharp;

namespace Orleans.Raft.Storage.Engine;

/// <summary>The thread that writes: a stalled database stalls it and nobody else.</summary>
internal sealed partial class RocksStateStore
{
    private const int MaxGathered = 256;

    // Longer keys are put together on the heap.
    private const int ShortKey = 256;

    private static readonly TimeSpan StallPause = TimeSpan.FromMilliseconds(2);

    private void Write()
    {
        try
        {
            while (_queue.TryTake(_gathered, MaxGathered))
            {
                using (var batch = new RocksDbSharp.WriteBatch())
                {
                    foreach (var write in _gathered)
                    {
                        Add(batch, write);
                    }

                    WriteWhenNotStalled(batch);
                }

                foreach (var write in _gathered)
                {
                    write.Complete();
                }

                _gathered.Clear();
            }
        }
        catch (Exception e)
        {
            var failure = Fail(e);
            foreach (var write in _queue.Abort(_gathered))
            {
                write.Fail(failure);
            }
        }
        finally
        {
            _stopped.SetResult();
        }
    }

    private static void Add(RocksDbSharp.WriteBatch into, StateWrite write)
    {
        if (write.Batch is not { } batch)
        {
            var (first, end) = (StateKeys.FirstRow(write.Generation), StateKeys.FirstRow(write.Generation + 1));
            into.Delete(StateKeys.Applied(write.Generation));
            into.DeleteRange(first, (ulong)first.Length, end, (ulong)end.Length);
            return;
        }

        Span<byte> room = stackalloc byte[StateKeys.PrefixSize + ShortKey];
        foreach (var (key, value) in batch.Rows)
        {
            var whole = key.Length <= ShortKey ? room[..(StateKeys.PrefixSize + key.Length)] : new byte[StateKeys.PrefixSize + key.Length];
            StateKeys.WriteRow(whole, batch.Generation, key);
            if (value is null)
            {
                into.Delete(whole);
            }
            else
            {
                into.Put(whole, value);
            }
        }

        if (batch.Applied is { } applied)
        {
            into.Put(StateKeys.Applied(batch.Generation), AppliedCodec.Encode(applied));
        }
    }

    private void WriteWhenNotStalled(RocksDbSharp.WriteBatch batch)
    {
        while (true)
        {
            try
            {
                _database.Write(batch, _writeOptions);
                return;
            }
            catch (RocksDbException e) when (e.Message.StartsWith("Result incomplete", StringComparison.Ordinal))
            {
                // Memtables or files are waiting to be flushed or compacted. Nothing was written; whoever waits for this write applies no more meanwhile.
                Thread.Sleep(StallPause);
            }
        }
    }

    private LogStoreException Fail(Exception cause)
    {
        var failure = new LogStoreException(
            $"{_path}: the state store stopped: {cause.Message} What was not flushed is applied again from the log after a restart. Check the disk and restart the silo.", cause);
        if (Interlocked.CompareExchange(ref _failure, failure, null) is { } first)
        {
            return first;
        }

        _queue.Close();
        if (Failed is { } failed)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => failed(failure), null);
        }

        return failure;
    }
}
