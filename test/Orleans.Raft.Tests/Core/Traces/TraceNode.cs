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
    public void Restart(long? applied, long? commit)
    {
        AppendWork.Clear();
        ApplyWork.Clear();
        var (hardState, conf) = Storage.InitialState;
        Storage.SetHardState(hardState with { Commit = commit ?? hardState.Commit });
        Storage.SetConfState(conf.Voters.IsEmpty ? History[^1].ConfState : conf);
        Raft = new RaftNode(Config with { Applied = applied ?? History[^1].Id.Index }, Storage);
    }

    /// <summary>The disk forgets what it had said to be durable.</summary>
    public void LoseLogAfter(long index) => Storage.TruncateAfter(index);
}
