using Orleans.Raft.Core;

namespace Orleans.Raft.Benchmarks.Engine;

/// <summary>A durable log of many groups, as the benchmark drives it: entry and hard state of one group in one durable write.</summary>
internal interface IAppender : IAsyncDisposable
{
    string Name { get; }

    /// <summary>A caller's own place for its next write; one at a time.</summary>
    IAppend NewAppend();
}

/// <summary>One caller's writes.</summary>
internal interface IAppend
{
    /// <summary>Appends an entry with a hard state, and compacts the group's log up to an index where it is not 0.</summary>
    ValueTask WriteAsync(int group, in Entry entry, long compactTo);
}
