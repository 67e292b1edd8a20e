using System.Text;
using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>
/// One replica with its disk and its state machine, driven by its public verbs only. Synchronous storage: what a Ready asks for is
/// done before its messages leave.
/// </summary>
internal sealed class Replica
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(100);
    private readonly RaftConfig _config;

    public Replica(RaftConfig config, MemoryLogStorage storage)
    {
        _config = config;
        Storage = storage;
        Founders = storage.InitialState.ConfState;
        Node = new RaftNode(config, storage);
    }

    /// <summary>The configuration before the first entry.</summary>
    public ConfState Founders { get; }

    public RaftNode Node { get; private set; }

    public MemoryLogStorage Storage { get; }

    /// <summary>The state machine: what was applied in this life, in order.</summary>
    public List<Entry> Applied { get; } = [];

    public List<ReadState> Reads { get; } = [];

    /// <summary>Monotonic time of this replica; each tick moves it on.</summary>
    public TimeSpan Now { get; private set; }

    public long Id => Node.Id.Value;

    public RaftRole Role => Node.Role;

    public RaftStatus Status => Node.Status();

    public long LastIndex => Storage.LastIndex;

    /// <summary>The stored log as terms: "1 1 4".</summary>
    public string Terms => string.Join(' ', Log().Select(entry => entry.Term));

    /// <summary>Applied commands as text, empty entries left out.</summary>
    public string AppliedText => string.Join(' ', Applied.Where(IsCommand).Select(entry => Encoding.UTF8.GetString(entry.Data.Span)));

    /// <summary>A replica whose disk holds a log of these terms, none of it known to be committed.</summary>
    public static Replica WithLog(long id, long[] voters, long[] terms, long term = 0, long vote = 0, long commit = 0, Func<RaftConfig, RaftConfig>? adjust = null)
    {
        var storage = new MemoryLogStorage(ConfState.Of(voters.Select(voter => new ReplicaId(voter))));
        storage.Append([.. terms.Select((entryTerm, i) => Entry(entryTerm, i + 1))]);
        storage.SetHardState(new HardState(Math.Max(term, terms.LastOrDefault()), new ReplicaId(vote), commit));
        return new Replica(Config(id, adjust), storage);
    }

    public static RaftConfig Config(long id, Func<RaftConfig, RaftConfig>? adjust = null)
    {
        var config = new RaftConfig { Id = new ReplicaId(id), ElectionTicks = 10, HeartbeatTicks = 1, ElectionSeed = 7 };
        return adjust is null ? config : adjust(config);
    }

    public static Entry Entry(long term, long index, string data = "x") =>
        new(term, index, EntryType.EntryNormal, Encoding.UTF8.GetBytes(data));

    public IReadOnlyList<Entry> Log()
    {
        var entries = new List<Entry>();
        if (Storage.LastIndex >= Storage.FirstIndex)
        {
            Storage.TryRead(Storage.FirstIndex, Storage.LastIndex + 1, long.MaxValue, entries);
        }

        return entries;
    }

    /// <summary>Ticks and does the work that results; returns the messages to others.</summary>
    public List<Message> Tick(int count = 1)
    {
        var sent = new List<Message>();
        for (var i = 0; i < count; i++)
        {
            Now += TickInterval;
            Node.Tick(Now);
            sent.AddRange(Work());
        }

        return sent;
    }

    /// <summary>Ticks until the replica asks for votes, at most two election timeouts.</summary>
    public List<Message> TickUntilCampaign()
    {
        for (var i = 0; i < 2 * _config.ElectionTicks; i++)
        {
            var sent = Tick();
            if (sent.Any(message => message.Type is MessageType.MsgVote or MessageType.MsgPreVote))
            {
                return sent;
            }
        }

        throw new InvalidOperationException($"Replica {Id} did not campaign within two election timeouts: {Status}");
    }

    /// <summary>Ticks until the replica campaigns; a single voter leads at once.</summary>
    public void TickUntilCampaignOrLead()
    {
        for (var i = 0; i < 2 * _config.ElectionTicks && Role is RaftRole.Follower; i++)
        {
            Tick();
        }
    }

    /// <summary>Receives a message and does the work that results; returns the messages to others.</summary>
    public List<Message> Receive(Message message)
    {
        Node.Step(message, Now);
        return Work();
    }

    public List<Message> Campaign()
    {
        Node.Campaign(Now);
        return Work();
    }

    public ProposeResult Propose(string command) => Node.Propose(Encoding.UTF8.GetBytes(command), Now);

    /// <summary>Handles Readys until there are none; returns the messages to others in the order in which they left.</summary>
    public List<Message> Work()
    {
        var sent = new List<Message>();
        while (Node.HasReady)
        {
            var ready = Node.Ready();
            Store(ready);
            sent.AddRange(ready.Messages);
            Reads.AddRange(ready.ReadStates);
            foreach (var entry in ready.CommittedEntries.ToArray())
            {
                Apply(entry);
            }

            Node.Advance(ready);
        }

        if (Node.Fault is { } fault)
        {
            throw new InvalidOperationException($"Replica {Id} faulted: {fault}");
        }

        return sent;
    }

    /// <summary>Loses everything that is not on disk and starts again.</summary>
    public void Restart()
    {
        Applied.Clear();
        Reads.Clear();
        Node = new RaftNode(_config, Storage);
    }

    /// <summary>Takes a snapshot of what is applied and drops the log before it.</summary>
    public Snapshot Compact(ConfState confState)
    {
        var last = Applied[^1];
        var snapshot = new Snapshot(last.Id, confState, Encoding.UTF8.GetBytes(AppliedText));
        Storage.SnapshotSource = () => snapshot;
        Storage.CompactTo(last.Index);
        return snapshot;
    }

    private static bool IsCommand(Entry entry) => entry.Type is EntryType.EntryNormal && !entry.Data.IsEmpty;

    private void Store(Ready ready)
    {
        if (ready.Snapshot is { } snapshot)
        {
            Storage.ApplySnapshot(snapshot);
            Applied.Clear();
            Applied.Add(new Entry(snapshot.Id.Term, snapshot.Id.Index, EntryType.EntryNormal, snapshot.Data));
        }

        Storage.Append(ready.Entries);
        if (ready.HardState is { } hardState)
        {
            Storage.SetHardState(hardState);
        }
    }

    private void Apply(Entry entry)
    {
        Applied.Add(entry);
        if (ConfChangeCodec.TryDecode(entry, out var change))
        {
            Storage.SetConfState(Node.ApplyConfChange(change));
        }
    }
}
