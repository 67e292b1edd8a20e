using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>A node of an interaction trace with its log, the queues of its storage threads, and its state machine's history.</summary>
internal sealed class TraceNode
{
    public TraceNode(RaftConfig config, Snapshot start)
    {
        History = [start];
        Storage = new MemoryLogStorage { SnapshotSource = () => History[^1] };
        if (start.Id.Index > 0)
        {
            Storage.ApplySnapshot(start);
        }

        Config = config;
        Raft = new RaftNode(config, Storage);
    }

    public RaftConfig Config { get; }

    public RaftNode Raft { get; private set; }

    public MemoryLogStorage Storage { get; }

    public Queue<Message> AppendWork { get; } = [];

    public Queue<Message> ApplyWork { get; } = [];

    /// <summary>The state machine: its state is all data that was applied, one after the other.</summary>
    public List<Snapshot> History { get; }

    public long Id => Raft.Id.Value;

    public void Persist(HardState? hardState, IReadOnlyList<Entry> entries, Snapshot? snapshot)
    {
        if (hardState is { } state)
        {
            Storage.SetHardState(state);
        }

        if (snapshot is not null)
        {
            Storage.ApplySnapshot(snapshot);
        }

        if (entries.Count > 0)
        {
            Storage.Append(entries);
        }
    }

    public void Apply(IReadOnlyList<Entry> entries)
    {
        foreach (var entry in entries)
        {
            var (latest, data) = (History[^1], entry.Data);
            var conf = latest.ConfState;
            if (ConfChangeCodec.TryDecode(entry, out var change))
            {
                conf = Raft.ApplyConfChange(change);
                data = change.Context;
            }

            byte[] state = [.. latest.Data.Span, .. data.Span];
            History.Add(new Snapshot(entry.Id, conf, state));
        }
    }

    /// <summary>The process stops, what is not stored is gone, and it starts again from its log.</summary>
    public void Restart(RaftConfig config)
    {
        AppendWork.Clear();
        ApplyWork.Clear();
        Storage.SetConfState(History[^1].ConfState);
        Raft = new RaftNode(config, Storage);
    }
}
