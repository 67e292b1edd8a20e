using System.Collections.Concurrent;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>What all clients did, by key.</summary>
internal sealed class HistoryLog
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<RegisterOperation>> _operations = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Key, string ETag), string> _versions = new();
    private readonly ConcurrentQueue<string> _oddities = new();
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private long _lastDone;
    private long _longestGap;

    /// <summary>All keys that were touched.</summary>
    public IEnumerable<string> Keys => _operations.Keys;

    /// <summary>Answers that no fault explains.</summary>
    public IReadOnlyCollection<string> Oddities => _oddities;

    /// <summary>Longest time in which no operation of any client was done.</summary>
    public TimeSpan LongestGap => TimeSpan.FromMicroseconds(Volatile.Read(ref _longestGap));

    /// <summary>Microseconds since the beginning.</summary>
    public long Now => (long)TimeProvider.System.GetElapsedTime(_start).TotalMicroseconds;

    /// <summary>The history of a key.</summary>
    public IReadOnlyCollection<RegisterOperation> Of(string key) => _operations[key];

    /// <summary>Adds an operation that ended, or whose end nobody knows.</summary>
    public void Add(string key, RegisterOperation operation)
    {
        _operations.GetOrAdd(key, _ => new()).Enqueue(operation);
        if (operation.Result is not RegisterResult.Unknown)
        {
            var gap = operation.Returned - Interlocked.Exchange(ref _lastDone, operation.Returned);
            InterlockedMax(gap);
        }
    }

    /// <summary>Notes which value an ETag stands for; it must always be the same.</summary>
    public void SawVersion(string key, string etag, string value)
    {
        if (_versions.GetOrAdd((key, etag), value) is var known && known != value)
        {
            Odd($"{key}: ETag {etag} is that of {known} and of {value}");
        }
    }

    /// <summary>Notes what must not be.</summary>
    public void Odd(string what) => _oddities.Enqueue(what);

    /// <summary>Judges all keys, beside each other.</summary>
    public IReadOnlyList<(string Key, HistoryResult Result)> Judge(TimeSpan limit) =>
        [.. _operations.AsParallel().Select(pair => (pair.Key, Linearizability.Check(pair.Value, limit)))];

    /// <summary>Numbers for people.</summary>
    public override string ToString()
    {
        var all = _operations.Values.SelectMany(operations => operations).ToList();
        return $"{_operations.Count} keys, {all.Count} operations, {all.Count(operation => operation.Result is RegisterResult.Done)} done, "
            + $"{all.Count(operation => operation.Result is RegisterResult.Refused)} refused, {all.Count(operation => operation.Result is RegisterResult.Unknown)} unknown, "
            + $"longest time with nothing done {LongestGap.TotalSeconds:f1} s";
    }

    private void InterlockedMax(long gap)
    {
        var known = Volatile.Read(ref _longestGap);
        while (gap > known && Interlocked.CompareExchange(ref _longestGap, gap, known) is var found && found != known)
        {
            known = found;
        }
    }
}
