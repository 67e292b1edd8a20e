using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Serialization;

namespace Orleans.Raft.Storage.Tests.Provider;

/// <summary>
/// Groups without Raft: each applies at once, in this process, every command as an entry of its own. Loses answers on request, which is all that the provider can see of a failure.
/// </summary>
internal sealed class FakeRaftGroups : IRaftGroupFactory
{
    private readonly Dictionary<RaftGroupId, FakeRaftGroup> _groups = [];

    /// <summary>What happens to the next proposal of any group; then back to normal.</summary>
    public Fate NextProposal { get; set; }

    /// <summary>Number of commands that reached a state machine.</summary>
    public int Applied { get; private set; }

    /// <summary>Commands that were lost on the way and may still arrive.</summary>
    public List<Action> InFlight { get; } = [];

    /// <summary>
    /// All commands are of one session: one that is applied says that its sender waits for none before it, which are refused from then on when they come (SAFETY-RULES A3).
    /// </summary>
    public bool EndsEarlierOnes { get; init; }

    /// <summary>Groups of each family.</summary>
    public int Count { get; set; } = 16;

    /// <summary>Whether nobody knows the number of groups.</summary>
    public bool CountFails { get; set; }

    /// <summary>Services with the provider "raft" on these groups.</summary>
    public ServiceProvider Services(Action<RaftGrainStorageOptions>? configure = null, Action<ISerializerBuilder>? configureSerializer = null)
    {
        var services = new ServiceCollection();
        services.AddLogging().AddSerializer(configureSerializer);
        services.Configure<ClusterOptions>(options => options.ServiceId = "tests");
        services.AddRaftGrainStorage("raft", configure ?? (_ => { }));
        services.AddSingleton<IRaftGroupFactory>(this);
        return services.BuildServiceProvider();
    }

    public IRaftGroup GetGroup(string name, int index)
    {
        lock (_groups)
        {
            var id = new RaftGroupId(name, index);
            return _groups.TryGetValue(id, out var group) ? group : _groups[id] = new FakeRaftGroup(id, this);
        }
    }

    public ValueTask<int> CountGroupsAsync(string name, CancellationToken cancellationToken) => CountFails
        ? throw new RaftException($"{name} is not created yet.")
        : ValueTask.FromResult(Count);

    /// <summary>One of those that were lost arrives.</summary>
    public void LetOneArrive(Random random)
    {
        lock (_groups)
        {
            if (InFlight.Count > 0)
            {
                var at = random.Next(InFlight.Count);
                var arrive = InFlight[at];
                InFlight.RemoveRange(EndsEarlierOnes ? 0 : at, EndsEarlierOnes ? at + 1 : 1);
                arrive();
            }
        }
    }

    internal enum Fate
    {
        Succeeds,
        IsRefused,
        IsAppliedButUnanswered,
        IsLostForNow,
        IsCancelledAfterApply,
        IsAppliedAndGarbled,
    }

    private sealed class FakeRaftGroup(RaftGroupId id, FakeRaftGroups owner) : IRaftGroup, IReplicaReads
    {
        private readonly LocalGroup _machine = new(LocalGroup.BirthOf(id.Index, owner.Count));
        private long _index;

        public RaftGroupId Id => id;

        public ValueTask<ReadOnlyMemory<byte>> ProposeAsync(ReadOnlyMemory<byte> command, CancellationToken cancellationToken)
        {
            lock (owner._groups)
            {
                var fate = owner.NextProposal;
                owner.NextProposal = Fate.Succeeds;
                if (owner.EndsEarlierOnes && fate is not (Fate.IsRefused or Fate.IsLostForNow))
                {
                    owner.InFlight.Clear();
                }

                switch (fate)
                {
                    case Fate.IsRefused:
                        throw new RaftException($"{id} has no leader.");
                    case Fate.IsAppliedButUnanswered:
                        Apply(command);
                        throw new OutcomeUnknownException($"{id} did not answer.");
                    case Fate.IsLostForNow:
                        var late = command.ToArray();
                        owner.InFlight.Add(() => Apply(late));
                        throw new OutcomeUnknownException($"{id} did not answer.");
                    case Fate.IsAppliedAndGarbled:
                        Apply(command);
                        return ValueTask.FromResult<ReadOnlyMemory<byte>>(new byte[] { 99 });
                    case Fate.IsCancelledAfterApply:
                        Apply(command);
                        throw new OperationCanceledException();
                    default:
                        return ValueTask.FromResult(Apply(command));
                }
            }
        }

        public ValueTask<ReadOnlyMemory<byte>> ReadAsync(
            ReadOnlyMemory<byte> query, RaftReadOptions options, CancellationToken cancellationToken)
        {
            lock (owner._groups)
            {
                return ValueTask.FromResult(_machine.Query(query));
            }
        }

        public Task<ReplicaAnswer> ReadOnAsync(ReadOnlyMemory<byte> query, ReplicaId replica, CancellationToken cancellationToken)
        {
            lock (owner._groups)
            {
                try
                {
                    return Task.FromResult(new ReplicaAnswer(new ReplicaId(1), _machine.Query(query)));
                }
                catch (StateElsewhereException exception)
                {
                    throw new RaftException(exception.Message, exception);
                }
            }
        }

        public Task<RaftGroupStatus> GetStatusAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task TransferLeadershipAsync(string silo, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task AddReplicaAsync(string silo, IProgress<RaftGroupStatus>? progress, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task RemoveReplicaAsync(string silo, IProgress<RaftGroupStatus>? progress, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task ReplaceReplicaAsync(string oldSilo, string newSilo, IProgress<RaftGroupStatus>? progress, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        private ReadOnlyMemory<byte> Apply(ReadOnlyMemory<byte> command)
        {
            owner.Applied++;
            return _machine.ApplyAlone(new CommandPosition(1, ++_index, 0), command);
        }
    }
}
