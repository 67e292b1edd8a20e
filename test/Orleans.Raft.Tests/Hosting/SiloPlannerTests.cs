using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

public sealed class SiloPlannerTests
{
    private readonly MetaMachine _meta = new(new Genesis(
        Guid.NewGuid(), [.. Enumerable.Range(1, 3).Select(i => new SiloBinding(new ReplicaId(i), $"s{i}", Guid.NewGuid(), 0, default))]));

    private long _index;

    public SiloPlannerTests()
    {
        Apply(new MetaCommand { Create = new CatalogFamily("orders", 8, 3, 0, []) });
        Apply(new MetaCommand { Announce = new SiloBinding(default, "s4", Guid.NewGuid(), 1, Guid.NewGuid()) });
    }

    [Fact]
    public void A_new_silo_takes_its_share_from_each_of_the_others_and_leaves_the_meta_group_alone()
    {
        var changes = SiloPlanner.Admit(_meta.Catalog, "s4");
        Assert.Equal(6, changes.Length);
        Assert.All(changes, change => Assert.Equal(("orders", 1, 1), (change.Group.Name, change.Add.Length, change.Leave.Length)));
        Assert.Equal([2, 2, 2], changes.GroupBy(change => change.Leave[0]).Select(same => same.Count()));
        Apply(new MetaCommand { Changes = changes, Admit = "s4" });
        Assert.Empty(SiloPlanner.Admit(_meta.Catalog, "s4"));
    }

    [Fact]
    public void Who_goes_leaves_its_replicas_to_others_and_gets_back_what_is_lacking_when_it_returns()
    {
        // To s4 while that is there; after it there is nobody who could take a replica over.
        Assert.Equal(9, Retire("s3", "s1", "s2", "s4"));
        Assert.All(_meta.Catalog.Placements.Values, placement => Assert.Equal(["s1", "s2", "s4"], Staying(placement)));
        LetGo();
        Assert.Equal(9, Retire("s4", "s1", "s2"));
        LetGo();
        Assert.All(_meta.Catalog.Placements.Values, placement => Assert.Equal(["s1", "s2"], Staying(placement)));

        Assert.Equal(9, SiloPlanner.Admit(_meta.Catalog, "s3").Length);
        Apply(new MetaCommand { Changes = SiloPlanner.Admit(_meta.Catalog, "s3"), Admit = "s3" });
        Assert.All(_meta.Catalog.Placements.Values, placement => Assert.Equal(["s1", "s2", "s3"], Staying(placement)));
    }

    [Fact]
    public void A_move_that_would_leave_groups_with_fewer_replicas_waits_for_the_one_before()
    {
        // s4 takes replicas over from others, which are still leaving when s3 is to go: they are the only ones who could take its replicas.
        Apply(new MetaCommand { Changes = SiloPlanner.Admit(_meta.Catalog, "s4"), Admit = "s4" });
        Assert.Throws<RaftBusyException>(() => Retire("s3", "s1", "s2", "s4"));
        LetGo();
        Retire("s3", "s1", "s2", "s4");
        Assert.All(_meta.Catalog.Placements.Values, placement => Assert.Equal(["s1", "s2", "s4"], Staying(placement)));
    }

    [Fact]
    public void Who_returns_before_its_replicas_have_left_waits_for_that()
    {
        Retire("s3", "s1", "s2");
        Assert.Throws<RaftBusyException>(() => SiloPlanner.Admit(_meta.Catalog, "s3"));
        LetGo();
        Assert.Equal(9, SiloPlanner.Admit(_meta.Catalog, "s3").Length);
    }

    [Fact]
    public void The_last_replica_of_a_group_stays()
    {
        Retire("s3", "s1", "s2");
        LetGo();
        Retire("s2", "s1");
        LetGo();
        var refusal = Assert.Throws<RaftException>(() => Retire("s1"));
        Assert.Contains("only replica", refusal.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Staying(GroupPlacement placement) =>
        placement.Replicas.Where(replica => !replica.IsLeaving).Select(replica => replica.Silo).Order();

    private int Retire(string silo, params string[] alive)
    {
        var changes = SiloPlanner.Retire(_meta.Catalog, silo, alive.Contains);
        Assert.Null(MetaMachine.RefusalOf(Apply(new MetaCommand { Changes = changes, Retire = silo })));
        return changes.Length;
    }

    private void LetGo()
    {
        foreach (var placement in _meta.Catalog.Placements.Values)
        {
            foreach (var leaving in placement.Replicas.Where(replica => replica.IsLeaving))
            {
                Apply(new MetaCommand { Left = placement.Group, LeftReplica = leaving.Replica });
            }
        }
    }

    private ReadOnlyMemory<byte> Apply(MetaCommand command) => _meta.Apply(new CommandPosition(1, ++_index, 0), MetaCodec.Encode(command));
}
