using Orleans.Raft.Core;
using Xunit;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>Replicas and the messages between them, on one thread. Messages arrive in the order in which they were sent, unless a link is cut.</summary>
internal sealed class Network
{
    private readonly SortedDictionary<long, Replica> _replicas = [];
    private readonly List<Message> _inFlight = [];
    private readonly HashSet<(long From, long To)> _cut = [];

    public Network(params Replica[] replicas)
    {
        foreach (var replica in replicas)
        {
            _replicas.Add(replica.Id, replica);
        }
    }

    /// <summary>Everything that was sent since <see cref="Forget"/>, lost messages included.</summary>
    public List<Message> Sent { get; } = [];

    /// <summary>Loses messages for which it is true.</summary>
    public Func<Message, bool> Loses { get; set; } = _ => false;

    public IEnumerable<Replica> Replicas => _replicas.Values;

    public Replica Leader => Assert.Single(Replicas, replica => replica.Role is RaftRole.Leader);

    public Replica this[long id] => _replicas[id];

    /// <summary>Voters 1 to <paramref name="count"/> with empty logs.</summary>
    public static Network Of(int count, Func<RaftConfig, RaftConfig>? adjust = null)
    {
        var voters = Enumerable.Range(1, count).Select(id => (long)id).ToArray();
        return new Network([.. voters.Select(id => Replica.WithLog(id, voters, [], adjust: adjust))]);
    }

    /// <summary>Such voters, and 1 leads them in term 1.</summary>
    public static Network LedBy1(int count, Func<RaftConfig, RaftConfig>? adjust = null)
    {
        var network = Of(count, adjust);
        network.Elect(1);
        return network;
    }

    /// <summary>Adds a replica with an empty log. It knows the founding configuration, from which the log's changes lead to the present one.</summary>
    public Replica AddFresh(long id, Func<RaftConfig, RaftConfig>? adjust = null)
    {
        var founders = _replicas.Values.First().Founders;
        var replica = new Replica(Replica.Config(id, adjust), new MemoryLogStorage(founders));
        _replicas.Add(id, replica);
        return replica;
    }

    public void Elect(long id)
    {
        Post(this[id].Campaign());
        Deliver();
        Assert.Equal(RaftRole.Leader, this[id].Role);
        Forget();
    }

    public ProposeResult Propose(long id, string command)
    {
        var result = this[id].Propose(command);
        Deliver();
        return result;
    }

    /// <summary>Proposes a change at the leader and carries it through until everybody reached applied it.</summary>
    public ProposeResult Change(ConfChangeTransition transition, params (ConfChangeType Type, long Id)[] changes)
    {
        var leader = Leader;
        var result = leader.Node.ProposeConfChange(
            new ConfChangeV2 { Transition = transition, Changes = [.. changes.Select(change => new ConfChangeSingle(change.Type, new ReplicaId(change.Id)))] },
            leader.Now);
        Deliver();
        return result;
    }

    public ReadIndexResult Read(long id, long context)
    {
        var result = this[id].Node.ReadIndex(context, this[id].Now);
        Deliver();
        return result;
    }

    /// <summary>Ticks everybody once (or only those named), delivers, and again.</summary>
    public void Tick(int count = 1, params long[] ids)
    {
        for (var i = 0; i < count; i++)
        {
            foreach (var replica in Replicas.Where(replica => ids.Length == 0 || ids.Contains(replica.Id)))
            {
                Post(replica.Tick());
            }

            Deliver();
        }
    }

    /// <summary>Lets time pass until a condition holds; fails after ten election timeouts.</summary>
    public void TickUntil(Func<bool> condition, string what)
    {
        for (var i = 0; i < 100 && !condition(); i++)
        {
            Tick();
        }

        Assert.True(condition(), $"{what} did not happen within ten election timeouts.");
    }

    /// <summary>Delivers until nothing is in flight and nobody has work.</summary>
    public void Deliver()
    {
        foreach (var replica in Replicas)
        {
            Post(replica.Work());
        }

        while (_inFlight.Count > 0)
        {
            var message = _inFlight[0];
            _inFlight.RemoveAt(0);
            if (!_cut.Contains((message.From.Value, message.To.Value)) && !Loses(message) && _replicas.TryGetValue(message.To.Value, out var replica))
            {
                Post(replica.Receive(message));
            }
        }
    }

    public void Post(IEnumerable<Message> messages)
    {
        foreach (var message in messages)
        {
            Sent.Add(message);
            _inFlight.Add(message);
        }
    }

    public void Forget() => Sent.Clear();

    /// <summary>Cuts both directions between a replica and the others (or those named).</summary>
    public void Isolate(long id, params long[] from)
    {
        foreach (var other in _replicas.Keys.Where(other => other != id && (from.Length == 0 || from.Contains(other))))
        {
            _cut.Add((id, other));
            _cut.Add((other, id));
        }
    }

    public void Heal() => _cut.Clear();

    public IEnumerable<Message> SentOf(MessageType type) => Sent.Where(message => message.Type == type);
}
