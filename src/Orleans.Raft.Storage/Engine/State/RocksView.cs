using RocksDbSharp;

namespace Orleans.Raft.Storage.Engine;

internal sealed partial class RocksStateStore
{
    /// <summary>A generation at one moment. Holds the database open until it is disposed.</summary>
    private sealed class RocksView : IStateView
    {
        private readonly RocksStateStore _store;
        private readonly long _generation;
        private readonly Snapshot _snapshot;
        private readonly ReadOptions _options;
        private int _isDisposed;

        public RocksView(RocksStateStore store, long generation, Snapshot snapshot)
        {
            _store = store;
            _generation = generation;
            _snapshot = snapshot;
            _options = new ReadOptions().SetSnapshot(snapshot);
            Applied = store.ReadApplied(generation, _options);
        }

        public AppliedState Applied { get; }

        public byte[]? Get(ReadOnlySpan<byte> key)
        {
            ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
            return _store.Get(_generation, key, _options);
        }

        public IEnumerable<StateRow> Scan(ReadOnlyMemory<byte> from, ReadOnlyMemory<byte> to)
        {
            ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
            var prefix = StateKeys.FirstRow(_generation);
            var first = new byte[StateKeys.PrefixSize + from.Length];
            StateKeys.WriteRow(first, _generation, from.Span);
            _store._gate.Enter();
            try
            {
                using var iterator = _store._database.NewIterator(null, _options);
                for (iterator.Seek(first); iterator.Valid(); iterator.Next())
                {
                    var key = iterator.Key();
                    if (!key.AsSpan().StartsWith(prefix) || (!to.IsEmpty && key.AsSpan(StateKeys.PrefixSize).SequenceCompareTo(to.Span) >= 0))
                    {
                        break;
                    }

                    yield return new StateRow(key[StateKeys.PrefixSize..], iterator.Value());
                }

                _store.ThrowIfDamaged(iterator);
            }
            finally
            {
                _store._gate.Leave();
            }
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            {
                // Before the database, always: the other order kills the process.
                _snapshot.Dispose();
                _store._gate.Leave();
            }
        }
    }
}
