using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <summary>One group in one silo: what is known of it, its client, and its replica where the silo holds one.</summary>
internal sealed class GroupRuntime : IGroupRoutes
{
    // Entries that the silo's own replica may be behind and still be asked: a read on it waits until they are applied.
    private const long MaxReadLag = 1_000;

    private readonly IReplicaOutlet _outlet;
    private readonly ReplicaLife _life;
    private readonly string _silo;
    private volatile GroupDescriptor _descriptor;
    private volatile IReadOnlyList<ReplicaId> _replicas;
    private volatile Replica? _replica;

    // 1 while the slot's ticker looks at the group. Set by whoever needs ticks, cleared by the ticker, which then looks once more.
    private volatile TickSlot? _slot;
    private int _isTicked;

    public GroupRuntime(
        GroupDescriptor descriptor, GroupClientSettings settings, IReplicaOutlet outlet, StoreIdentity life, IReplicaScheduler scheduler, IReplicaClock clock)
    {
        _descriptor = descriptor;
        _silo = settings.Silo;
        _outlet = outlet;
        _life = new ReplicaLife(life.StoreId, life.OpenCounter, 0);
        _replicas = InOrder(descriptor);
        Client = new GroupClient(descriptor.Id, settings, this, scheduler, clock);
    }

    /// <summary>What is known of the group.</summary>
    public GroupDescriptor Descriptor => _descriptor;

    /// <summary>The silo's client of the group.</summary>
    public GroupClient Client { get; }

    /// <summary>The silo's replica; null where it holds none.</summary>
    public Replica? Replica
    {
        get => _replica;
        set
        {
            _replica = value;
            NeedTicks();
        }
    }

    /// <summary>The replica's log, as it was opened for it.</summary>
    public GroupLog? Log { get; set; }

    /// <summary>The group was recovered from this silo: nobody may start from its birth.</summary>
    public bool IsRecovered { get; init; }

    /// <inheritdoc/>
    public ReplicaId Local => Replica?.Id ?? ReplicaId.None;

    /// <inheritdoc/>
    public bool ReadsLocally => Replica is { } replica && replica.WhyNotReady(MaxReadLag) is null;

    /// <inheritdoc/>
    public IReadOnlyList<ReplicaId> Replicas => _replicas;

    /// <summary>The group's replicas have changed.</summary>
    public void Update(GroupDescriptor descriptor)
    {
        _descriptor = descriptor;
        _replicas = InOrder(descriptor);
        Replica?.PostMembers(descriptor.Members);
    }

    /// <inheritdoc/>
    public bool TrySend(ReplicaId replica, LaneItemKind kind, long request, ReadOnlyMemory<byte> body)
    {
        if (replica == Local)
        {
            return TryPost(kind, request, body);
        }

        var silo = Descriptor.SiloOf(replica);
        if (silo is null)
        {
            return false;
        }

        var addresses = new LaneItem(
            Descriptor.Id.Name, Descriptor.Id.Index, Descriptor.Incarnation, ReplicaId.None, replica, _life, default);
        var content = kind == LaneItemKind.Read ? ClientCodec.Encode(new QueryBody(request, body)) : body;
        return _outlet.TrySend(silo, LaneFrame.Of(addresses, kind, content));
    }

    /// <summary>The group belongs to a slot from now on.</summary>
    public void Join(TickSlot slot)
    {
        _slot = slot;
        NeedTicks();
    }

    /// <inheritdoc/>
    public void NeedTicks()
    {
        // An exchange, not a look: what made the need must be visible to the ticker before it is seen that it ticks.
        if (_slot is { } slot && Interlocked.Exchange(ref _isTicked, 1) == 0)
        {
            slot.Wake(this);
        }
    }

    /// <summary>Time passes. False when nothing here needs the next tick: then <see cref="NeedTicks"/> brings the group back. Called by the slot alone.</summary>
    public bool Tick()
    {
        if (_replica is { IsAsleep: false } replica)
        {
            replica.PostTick();
        }

        Client.OnTick();
        if (NeedsTicks)
        {
            return true;
        }

        // Looked at again afterwards: who came meanwhile has seen that the group is ticked, and relies on it.
        Interlocked.Exchange(ref _isTicked, 0);
        return NeedsTicks && Interlocked.Exchange(ref _isTicked, 1) == 0;
    }

    /// <summary>Takes an item for this silo's client.</summary>
    /// <exception cref="WireFormatException">The body is not what the kind says.</exception>
    public void Receive(in LaneItem item)
    {
        IGroupClientPort client = Client;
        switch (item.Kind)
        {
            case LaneItemKind.Answers:
                Receive(client, ClientCodec.ReadAnswers(item.Body));
                break;
            case LaneItemKind.Refusal:
                var refusal = ClientCodec.ReadRefusal(item.Body);
                client.OnRefused(item.From, (RefusalKind)refusal.Kind, refusal.Leader, refusal.Term, new RefusedCommands(refusal.Session, refusal.Sequences));
                break;
            case LaneItemKind.ReadAnswer:
                var read = ClientCodec.ReadQueryAnswer(item.Body);
                client.OnReadAnswer(read.Request, item.From, (RefusalKind)read.Kind, read.Leader, read.Term, read.Data);
                break;
            default:
                throw new WireFormatException($"{Descriptor.Id}: an item of kind {item.Kind} is not for a group client.");
        }
    }

    private bool NeedsTicks => _replica is { IsAsleep: false } || !Client.IsIdle;

    private ReplicaId[] InOrder(GroupDescriptor descriptor) => [.. descriptor.Members
        .OrderBy(member => member.IsLeaving)
        .ThenBy(member => !string.Equals(member.Silo, _silo, StringComparison.Ordinal))
        .Select(member => member.Replica)];

    private static void Receive(IGroupClientPort client, AnswersBody body)
    {
        if (body.Nonce != default)
        {
            client.OnRegistered(body.Nonce, body.Session);
        }

        foreach (var answer in body.Answers)
        {
            client.OnAnswer(body.Session, answer.Sequence, answer.IsExpired, answer.Data);
        }
    }

    private bool TryPost(LaneItemKind kind, long request, ReadOnlyMemory<byte> body)
    {
        if (Replica is not { } replica)
        {
            return false;
        }

        replica.Post(kind == LaneItemKind.Read
            ? new ReplicaWork(ReplicaWorkKind.Read, Number: request, Data: body)
            : new ReplicaWork(ReplicaWorkKind.Propose, Data: body));
        return true;
    }
}
