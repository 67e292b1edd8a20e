using System.Collections.Generic;

namespace Orleans.Raft.Core;

/// <summary>Work that a node has for its host. A view: valid until the next verb of the node.</summary>
public sealed class Ready
{
    /// <summary>Set when leader or role changed.</summary>
    public SoftState? SoftState { get; internal set; }

    /// <summary>Set when term, vote or commit changed; to be stored with <see cref="Entries"/>.</summary>
    public HardState? HardState { get; internal set; }

    /// <summary>Answers to reads.</summary>
    public IReadOnlyList<ReadState> ReadStates { get; internal set; } = [];

    /// <summary>Entries to store.</summary>
    public IReadOnlyList<Entry> Entries { get; internal set; } = [];

    /// <summary>Snapshot to store.</summary>
    public Snapshot? Snapshot { get; internal set; }

    /// <summary>Entries to apply.</summary>
    public IReadOnlyList<Entry> CommittedEntries { get; internal set; } = [];

    /// <summary>Messages to send. In asynchronous mode those to the local threads carry the work above.</summary>
    public IReadOnlyList<Message> Messages { get; internal set; } = [];

    /// <summary>True when entries, term or vote changed, so that the write needs an fsync before answers leave.</summary>
    public bool MustSync { get; internal set; }
}
