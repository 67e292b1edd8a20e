using System.Buffers.Binary;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Engine;
using RocksDbSharp;

namespace Orleans.Raft.Benchmarks.Engine;

/// <summary>
/// RocksDB used as a Raft log, for comparison only: entries under group and index, hard states under the group, its write-ahead log synced once for all that is
/// pending. It has the engine's own queue and thread in front, so that only the store differs.
/// </summary>
internal sealed class RocksAppender : IAppender
{
    private const int MaxBatchBytes = 4 << 20;
    private const int KeySize = 13;
    private readonly RocksDb _database;
    private readonly WriteOptions _sync = new WriteOptions().SetSync(true);
    private readonly WriteQueue _queue = new(long.MaxValue, TimeProvider.System);
    private readonly Thread _writer;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<PendingWrite, Append> _appends = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RocksAppender(string directory)
    {
        var options = new DbOptions().SetCreateIfMissing(true).SetWriteBufferSize(64 << 20).SetMaxWriteBufferNumber(4)
            .SetCompression(Compression.No).SetRecycleLogFileNum(4).SetMaxBackgroundCompactions(2);
        _database = RocksDb.Open(options, directory);
        _writer = new Thread(Write) { IsBackground = true, Name = "rocksdb-log-writer" };
        _writer.Start();
    }

    public string Name => "rocksdb";

    public IAppend NewAppend() => new Append(this);

    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _stopped.Task;
        _database.Dispose();
    }

    private void Write()
    {
        List<PendingWrite> gathered = [];
        Span<byte> key = stackalloc byte[KeySize];
        Span<byte> state = stackalloc byte[24];
        while (_queue.TryTake(gathered, MaxBatchBytes, Timeout.InfiniteTimeSpan, out _))
        {
            using (var batch = new RocksDbSharp.WriteBatch())
            {
                foreach (var write in gathered)
                {
                    _appends[write].AddTo(batch, key, state);
                }

                _database.Write(batch, _sync);
            }

            _queue.Completed(gathered);
            foreach (var write in gathered)
            {
                write.Complete();
            }

            gathered.Clear();
        }

        _stopped.SetResult();
    }

    private static void WriteKey(Span<byte> key, byte kind, int group, long index)
    {
        key[0] = kind;
        BinaryPrimitives.WriteInt32BigEndian(key[1..], group);
        BinaryPrimitives.WriteInt64BigEndian(key[5..], index);
    }

    private sealed class Append : IAppend
    {
        private readonly RocksAppender _owner;
        private readonly PendingWrite _write;
        private byte[] _value = [];
        private int _group;
        private Entry _entry;
        private long _compactTo;

        public Append(RocksAppender owner)
        {
            _owner = owner;
            _write = new PendingWrite(static _ => { });
            owner._appends[_write] = this;
        }

        public ValueTask WriteAsync(int group, in Entry entry, long compactTo)
        {
            (_group, _entry, _compactTo) = (group, entry, compactTo);
            _write.RecordBytes = entry.Data.Length + 64;
            var task = _write.Task;
            return _owner._queue.TryAdd(_write) ? task : throw new InvalidOperationException("The queue is closed.");
        }

        public void AddTo(RocksDbSharp.WriteBatch batch, Span<byte> key, Span<byte> state)
        {
            if (_value.Length != _entry.Data.Length + 9)
            {
                _value = new byte[_entry.Data.Length + 9];
            }

            BinaryPrimitives.WriteInt64LittleEndian(_value, _entry.Term);
            _value[8] = (byte)_entry.Type;
            _entry.Data.Span.CopyTo(_value.AsSpan(9));
            WriteKey(key, 1, _group, _entry.Index);
            batch.Put(key, _value);
            BinaryPrimitives.WriteInt64LittleEndian(state, _entry.Term);
            BinaryPrimitives.WriteInt64LittleEndian(state[8..], 1);
            BinaryPrimitives.WriteInt64LittleEndian(state[16..], _entry.Index);
            WriteKey(key, 2, _group, 0);
            batch.Put(key, state);
            if (_compactTo > 0)
            {
                var (from, to) = (new byte[KeySize], new byte[KeySize]);
                WriteKey(from, 1, _group, 0);
                WriteKey(to, 1, _group, _compactTo + 1);
                batch.DeleteRange(from, KeySize, to, KeySize);
            }
        }
    }
}
