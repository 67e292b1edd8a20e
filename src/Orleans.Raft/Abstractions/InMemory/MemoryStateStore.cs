using System.Collections.Immutable;

namespace Orleans.Raft;

/// <summary>A state store that forgets everything when the process ends. Its flush is a promise about nothing: what is written counts as durable.</summary>
public sealed class MemoryStateStore : IStateStore
{
    private readonly Lock _lock = new();
    private ImmutableSortedDictionary<long, MemoryState> _states = ImmutableSortedDictionary<long, MemoryState>.Empty;

    /// <inheritdoc/>
    event Action<LogStoreException>? IStateStore.Failed
    {
        // Memory does not fail, so nobody is ever told.
        add { }
        remove { }
    }

    /// <inheritdoc/>
    public IReadOnlyCollection<long> Generations => [.. _states.Where(static state => state.Value.HasApplied).Select(static state => state.Key)];

    /// <inheritdoc/>
    public AppliedState GetApplied(long generation) => State(generation).Applied;

    /// <inheritdoc/>
    public AppliedState GetDurableApplied(long generation) => State(generation).Applied;

    /// <inheritdoc/>
    public byte[]? Get(long generation, ReadOnlySpan<byte> key) => State(generation).Get(key);

    /// <inheritdoc/>
    public ValueTask WriteAsync(StateBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        lock (_lock)
        {
            _states = _states.SetItem(batch.Generation, State(batch.Generation).With(batch));
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public IStateView OpenView(long generation) => State(generation);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(long generation)
    {
        lock (_lock)
        {
            _states = _states.Remove(generation);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Another store that holds the same; costs nothing, since what is held never changes.</summary>
    internal MemoryStateStore Fork() => new() { _states = _states };

    private MemoryState State(long generation) => _states.GetValueOrDefault(generation, MemoryState.Empty);
}

/// <summary>Rows of one generation at one moment; never changes, so it is its own view.</summary>
internal sealed record MemoryState(AppliedState Applied, bool HasApplied, ImmutableSortedDictionary<byte[], byte[]> Rows) : IStateView
{
    public static readonly MemoryState Empty =
        new(AppliedState.None, false, ImmutableSortedDictionary.Create<byte[], byte[]>(KeyComparer.Instance));

    public byte[]? Get(ReadOnlySpan<byte> key) => Rows.GetValueOrDefault(key.ToArray());

    public IEnumerable<StateRow> Scan(ReadOnlyMemory<byte> from, ReadOnlyMemory<byte> to)
    {
        foreach (var (key, value) in Rows)
        {
            if (key.AsSpan().SequenceCompareTo(from.Span) < 0)
            {
                continue;
            }

            if (!to.IsEmpty && key.AsSpan().SequenceCompareTo(to.Span) >= 0)
            {
                yield break;
            }

            yield return new StateRow(key, value);
        }
    }

    public MemoryState With(StateBatch batch)
    {
        var rows = Rows.ToBuilder();
        foreach (var (key, value) in batch.Rows)
        {
            if (value is null)
            {
                rows.Remove(key);
            }
            else
            {
                rows[key] = value;
            }
        }

        return new MemoryState(batch.Applied ?? Applied, HasApplied || batch.Applied is not null, rows.ToImmutable());
    }

    public void Dispose()
    {
        // Nothing is held: the view is the state itself.
    }
}
