using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>Reads on a silo whose own replica is behind (SAFETY-RULES B7): its other store takes nothing, so that it knows what is committed and can't apply it.</summary>
public sealed class LagTests
{
    private const int Limit = 1_000;

    private readonly TaskCompletionSource _takesAgain = new();
    private readonly MiniCluster _cluster;
    private int _heldUp;
    private int _readsSent;

    public LagTests()
    {
        _cluster = new MiniCluster(machine: silo => new HeldUpSumMachine(() => silo == _heldUp ? _takesAgain.Task : Task.CompletedTask));
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        _heldUp = Enumerable.Range(1, 3).First(silo => silo != _cluster.Leader);
        _cluster.Passes = (from, _, item) =>
        {
            _readsSent += from == _heldUp && item.Kind == LaneItemKind.Read ? 1 : 0;
            return true;
        };
    }

    [Fact]
    public void A_replica_that_is_further_behind_than_the_limit_is_not_asked_until_it_has_caught_up_and_the_leader_answers_at_once()
    {
        Add(Limit);
        Assert.True(_cluster.Silos[_heldUp].ReadsLocally);
        Add(10);
        Assert.False(_cluster.Silos[_heldUp].ReadsLocally);

        // No tick: it has not waited for anybody.
        var read = _cluster.ReadAsync(_heldUp);
        _cluster.Settle();
        Assert.Equal(1 + Limit + 10, _cluster.Finish(read, maxTicks: 0));
        Assert.Equal(1, _readsSent);

        _takesAgain.SetResult();
        _cluster.TickUntil(() => _cluster.Silos[_heldUp].ReadsLocally);
        Assert.Equal(1 + Limit + 10, _cluster.Finish(_cluster.ReadAsync(_heldUp)));
        Assert.Equal(1, _readsSent);
    }

    [Fact]
    public void A_replica_that_is_a_little_behind_is_asked_and_after_its_patience_the_leader()
    {
        Add(10);
        var read = _cluster.ReadAsync(_heldUp);
        _cluster.Settle();
        Assert.Equal(0, _readsSent);
        Assert.False(read.IsCompleted);
        Assert.Equal(11, _cluster.Finish(read));
        Assert.Equal(1, _readsSent);
    }

    // Each by itself, so that each is an entry.
    private void Add(int count)
    {
        var leader = _cluster.Leader!.Value;
        var adds = new List<Task<long>>();
        for (var i = 0; i < count; i++)
        {
            adds.Add(_cluster.AddAsync(leader, 1));
            _cluster.Settle();
        }

        _cluster.Finish(Task.WhenAll(adds));
    }

    /// <summary>A sum whose other store holds nothing, and can be made to take nothing.</summary>
    private sealed class HeldUpSumMachine(Func<Task> takes) : IProjectedStateMachine
    {
        private readonly StoredSumMachine _machine = new();

        public ReadOnlyMemory<byte> Apply(IStateRows rows, CommandPosition position, ReadOnlyMemory<byte> command) => _machine.Apply(rows, position, command);

        public ReadOnlyMemory<byte> Query(IStateReader rows, ReadOnlyMemory<byte> query) => _machine.Query(rows, query);

        public ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReplicaPlace place, ReadOnlyMemory<byte> query) => ValueTask.FromResult(_machine.Query(place.Rows, query));

        public byte[] Reduce(byte[] key, byte[] value) => value;

        public Task ProjectAsync(ReplicaPlace place, IReadOnlyList<DecidedRow> rows) => takes();

        public Task ForgetAsync(ReplicaPlace place) => Task.CompletedTask;

        public void Attach(ReplicaPlace place)
        {
            // There is nothing to look after.
        }

        public void Stop()
        {
            // Nothing waits.
        }
    }
}
