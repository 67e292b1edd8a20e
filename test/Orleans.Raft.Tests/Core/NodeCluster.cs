using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core;

/// <summary>
/// Nodes in the mode that hosting uses, with disks that a test can hold up or cut off, and messages that it can drop. Nothing happens by itself.
/// </summary>
internal sealed class NodeCluster
{
    private readonly Dictionary<long, Member> _members = [];
    private readonly Func<RaftConfig, RaftConfig> _configure;

    public NodeCluster(int count, Func<RaftConfig, RaftConfig> configure)
    {
        _configure = configure;
        var conf = ConfState.Of(Enumerable.Range(1, count).Select(id => new ReplicaId(id)));
        for (var id = 1; id <= count; id++)
        {
            var member = new Member { Id = new ReplicaId(id), Log = new MemoryLogStorage(conf) };
            _members.Add(id, member);
            Start(member);
        }
    }

    public TimeSpan Now { get; set; }

    /// <summary>Messages sent and not delivered yet, in order.</summary>
    public List<Message> InFlight { get; } = [];

    /// <summary>True for a message that gets lost.</summary>
    public Func<Message, bool> IsLost { get; set; } = _ => false;

    /// <summary>True for a node whose disk does not get on.</summary>
    public Func<long, bool> IsDiskStalled { get; set; } = _ => false;

    public RaftNode this[long id] => _members[id].Node;

    public MemoryLogStorage LogOf(long id) => _members[id].Log;

    public List<ReadState> ReadStatesOf(long id) => _members[id].ReadStates;

    public List<Entry> AppliedBy(long id) => _members[id].Applied;

    public IEnumerable<RaftNode> Nodes => _members.Values.Select(member => member.Node);

    public long? LeaderId => Nodes.Where(node => node.Role is RaftRole.Leader).OrderByDescending(node => node.Term).FirstOrDefault()?.Id.Value;

    /// <summary>Power loss: what waits for the disk is gone, and so is everything in memory.</summary>
    public void CrashAndRestart(long id)
    {
        var member = _members[id];
        member.DiskQueue.Clear();
        Start(member);
    }

    /// <summary>Hands out Readys, writes, applies and delivers until nothing is left to do.</summary>
    public void Settle()
    {
        for (var rounds = 0; SettleOnce(); rounds++)
        {
            Assert.True(rounds < 10_000, "the cluster does not come to rest");
        }
    }

    /// <summary>Takes what a node has to say; its messages go to the disk queue or in flight.</summary>
    public void TakeReady(long id)
    {
        var member = _members[id];
        if (!member.Node.HasReady)
        {
            return;
        }

        var ready = member.Node.Ready();
        member.ReadStates.AddRange(ready.ReadStates);
        foreach (var message in ready.Messages)
        {
            if (message.To == ReplicaId.AppendThread)
            {
                member.DiskQueue.Enqueue(message);
            }
            else if (message.To == ReplicaId.ApplyThread)
            {
                member.ApplyQueue.Enqueue(message);
            }
            else
            {
                InFlight.Add(message);
            }
        }
    }

    /// <summary>The disk finishes what is queued.</summary>
    public void Write(long id)
    {
        var member = _members[id];
        while (member.DiskQueue.TryDequeue(out var write))
        {
            if (write.Snapshot is { } snapshot)
            {
                member.Log.ApplySnapshot(snapshot);
            }

            member.Log.Append(write.Entries);
            var hardState = new HardState(write.Term, write.Vote, write.Commit);
            if (!hardState.IsEmpty)
            {
                member.Log.SetHardState(hardState);
            }

            Respond(member, write);
        }
    }

    public void Deliver(Func<Message, bool> which)
    {
        var chosen = InFlight.Where(which).ToList();
        InFlight.RemoveAll(message => chosen.Contains(message));
        foreach (var message in chosen.Where(message => !IsLost(message) && _members.ContainsKey(message.To.Value)))
        {
            _members[message.To.Value].Node.Step(message, Now);
        }
    }

    public void Tick(params long[] ids)
    {
        foreach (var id in ids.Length == 0 ? [.. _members.Keys] : ids)
        {
            _members[id].Node.Tick(Now);
        }
    }

    private bool SettleOnce()
    {
        var isBusy = false;
        foreach (var (id, member) in _members)
        {
            isBusy |= member.Node.HasReady || (member.DiskQueue.Count > 0 && !IsDiskStalled(id)) || member.ApplyQueue.Count > 0;
            TakeReady(id);
            if (!IsDiskStalled(id))
            {
                Write(id);
            }

            Apply(member);
        }

        isBusy |= InFlight.Count > 0;
        Deliver(_ => true);
        return isBusy;
    }

    private void Apply(Member member)
    {
        while (member.ApplyQueue.TryDequeue(out var apply))
        {
            foreach (var entry in apply.Entries)
            {
                member.Applied.Add(entry);
                if (ConfChangeCodec.TryDecode(entry, out var change))
                {
                    member.Log.SetConfState(member.Node.ApplyConfChange(change));
                }
            }

            Respond(member, apply);
        }
    }

    private void Respond(Member member, Message work)
    {
        foreach (var response in work.Responses)
        {
            if (response.To == member.Id)
            {
                member.Node.Step(response, Now);
            }
            else
            {
                InFlight.Add(response);
            }
        }
    }

    private void Start(Member member)
    {
        // The state machine starts over: entries are applied again from the log's start.
        (member.ApplyQueue, member.Applied, member.ReadStates) = ([], [], []);
        var config = new RaftConfig { Id = member.Id, AsyncStorageWrites = true, ElectionSeed = 1, Applied = 0 };
        member.Node = new RaftNode(_configure(config), member.Log);
    }

    private sealed class Member
    {
        public required ReplicaId Id { get; init; }

        public required MemoryLogStorage Log { get; init; }

        public RaftNode Node { get; set; } = null!;

        public Queue<Message> DiskQueue { get; } = [];

        public Queue<Message> ApplyQueue { get; set; } = [];

        public List<Entry> Applied { get; set; } = [];

        public List<ReadState> ReadStates { get; set; } = [];
    }
}
