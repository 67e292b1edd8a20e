using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

public sealed class MetaMachineTests
{
    private static readonly Guid Store = Guid.NewGuid();
    private readonly MetaMachine _meta = new(new Genesis(
        Guid.NewGuid(), [.. Enumerable.Range(1, 5).Select(i => new SiloBinding(new ReplicaId(i), $"s{i}", i == 1 ? Store : Guid.NewGuid(), 0, default))]));

    private long _index;

    [Fact]
    public void The_first_to_create_a_family_decides_and_a_different_wish_changes_nothing()
    {
        Create("orders", 16, 3);
        Create("orders", 32, 5);
        var family = Assert.Single(_meta.Catalog.Families);
        Assert.Equal((16, 3, 1L), (family.Groups, family.ReplicationFactor, family.Incarnation));
    }

    [Fact]
    public void Groups_are_spread_in_turn_and_every_silo_has_one_replica_number()
    {
        Create("orders", 5, 3);
        var family = _meta.Catalog.Families[0];
        var held = new int[6];
        for (var index = 0; index < 5; index++)
        {
            foreach (var member in CatalogGroups.Group(family, index).Members)
            {
                Assert.Equal($"s{member.Replica.Value}", member.Silo);
                held[member.Replica.Value]++;
            }
        }

        Assert.Equal([0, 3, 3, 3, 3, 3], held);
    }

    [Fact]
    public void An_opening_that_was_seen_before_is_refused_and_a_repeated_announcement_is_not()
    {
        var life = Guid.NewGuid();
        Assert.True(Announce("s1", Store, 3, life));
        Assert.True(Announce("s1", Store, 3, life));
        Assert.False(Announce("s1", Store, 3, Guid.NewGuid()));
        Assert.False(Announce("s1", Store, 2, Guid.NewGuid()));
        Assert.True(Announce("s1", Store, 4, Guid.NewGuid()));
    }

    [Fact]
    public void Another_store_under_a_bound_name_is_refused() => Assert.False(Announce("s1", Guid.NewGuid(), 9, Guid.NewGuid()));

    [Fact]
    public void The_feature_level_is_what_every_silo_in_service_knows_and_never_falls()
    {
        var stores = _meta.Catalog.Silos.ToDictionary(silo => silo.Silo, silo => silo.Store);
        for (var silo = 1; silo <= 4; silo++)
        {
            Assert.True(Upgrade($"s{silo}", stores[$"s{silo}"], 1, level: 2));
        }

        Assert.Equal(0, _meta.Catalog.FeatureLevel);
        Assert.True(Upgrade("s5", stores["s5"], 1, level: 1));
        Assert.Equal(1, _meta.Catalog.FeatureLevel);

        // The last one that knows no more than 1 goes out of service; what comes later and knows less changes nothing.
        Assert.Null(MetaMachine.RefusalOf(Apply(new MetaCommand { Retire = "s5" })));
        Assert.Equal(2, _meta.Catalog.FeatureLevel);
        Assert.True(Upgrade("s6", Guid.NewGuid(), 1, level: 1));
        Assert.True(Upgrade("s1", stores["s1"], 2, level: 1));
        Assert.Equal(2, _meta.Catalog.FeatureLevel);

        var read = MetaCodec.ReadCatalog(MetaCodec.Encode(_meta.Catalog));
        Assert.Equal(2, read.FeatureLevel);
        Assert.Equal([1, 2, 2, 2, 1, 1], read.Silos.Select(silo => silo.FeatureLevel));
    }

    [Fact]
    public void A_catalog_survives_its_encoding()
    {
        Create("orders", 5, 3);
        Announce("s1", Store, 1, Guid.NewGuid());
        var read = MetaCodec.ReadCatalog(MetaCodec.Encode(_meta.Catalog));
        Assert.Equal(_meta.Catalog.Cluster, read.Cluster);
        Assert.Equal(_meta.Catalog.Silos.AsEnumerable(), read.Silos);
        Assert.Equal(_meta.Catalog.Families[0].Silos.AsEnumerable(), read.Families[0].Silos);
        Assert.Equal(_meta.Catalog.Version, read.Version);
    }

    [Fact]
    public void A_name_that_nobody_has_is_bound_to_the_first_store_that_says_it()
    {
        var store = Guid.NewGuid();
        Assert.True(Announce("s9", store, 1, Guid.NewGuid()));
        Assert.False(Announce("s9", Guid.NewGuid(), 1, Guid.NewGuid()));
        Assert.Equal(store, CatalogGroups.BindingOf(_meta.Catalog, "s9")!.Store);
    }

    [Fact]
    public void A_store_replaces_the_one_that_is_bound_only_if_it_names_it()
    {
        Assert.False(Announce("s1", Guid.NewGuid(), 1, Guid.NewGuid(), former: Guid.NewGuid()));
        Assert.True(Announce("s1", Guid.NewGuid(), 1, Guid.NewGuid(), former: Store));
        Assert.False(Announce("s1", Guid.NewGuid(), 1, Guid.NewGuid(), former: Store));
    }

    [Fact]
    public void A_new_store_gets_new_replicas_under_numbers_that_nobody_has_had_and_the_former_ones_leave()
    {
        Create("orders", 3, 3);
        var store = Guid.NewGuid();
        Announce("s1", store, 1, Guid.NewGuid(), former: Store);

        // The groups 0 of s1 to s3, 1 of s2 to s4, 2 of s3 to s5, and the meta group of all five.
        var first = Placement("orders", 0);
        Assert.Equal(["1@s1 leaves", "2@s2", "3@s3", "6@s1"], first.Replicas.Select(Text));
        Assert.Equal((store, 7L), (first.Replicas[3].Store, first.NextReplica));
        Assert.Equal(["2@s2", "3@s3", "4@s4"], Placement("orders", 1).Replicas.Select(Text));
        Assert.Equal("6@s1", Text(CatalogGroups.PlacementOf(_meta.Catalog, CatalogGroups.MetaId)!.Replicas[5]));

        // Wiped once more before it was a member: the number is not used again.
        Announce("s1", Guid.NewGuid(), 1, Guid.NewGuid(), former: store);
        Assert.Equal(["1@s1 leaves", "2@s2", "3@s3", "6@s1 leaves", "7@s1"], Placement("orders", 0).Replicas.Select(Text));
        Apply(new MetaCommand { Left = new RaftGroupId("orders", 0), LeftReplica = new ReplicaId(6) });
        Apply(new MetaCommand { Left = new RaftGroupId("orders", 0), LeftReplica = new ReplicaId(2) });
        Assert.Equal(["1@s1 leaves", "2@s2", "3@s3", "7@s1"], Placement("orders", 0).Replicas.Select(Text));
        Assert.Equal([new ReplicaId(6)], Placement("orders", 0).Removed.AsEnumerable());
    }

    [Fact]
    public void Wishes_are_written_down_together_or_not_at_all()
    {
        Create("orders", 2, 3);
        var possible = new PlacementChange(new RaftGroupId("orders", 0), ["s4"], ["s1"]);
        Assert.Null(Move(possible));
        Assert.Equal(["1@s1 leaves", "2@s2", "3@s3", "6@s4"], Placement("orders", 0).Replicas.Select(Text));

        var version = _meta.Catalog.Version;
        var other = new PlacementChange(new RaftGroupId("orders", 1), ["s1"], []);
        Assert.Contains("has a replica on s4 already", Move(other, possible), StringComparison.Ordinal);
        Assert.Contains("still leaving", Move(possible with { Add = ["s1"], Leave = [] }), StringComparison.Ordinal);
        Assert.Contains("no replica on s5", Move(possible with { Add = [], Leave = ["s5"] }), StringComparison.Ordinal);
        Assert.Contains("no replica left", Move(possible with { Add = [], Leave = ["s2", "s3", "s4"] }), StringComparison.Ordinal);
        Assert.Contains("not introduced itself", Move(possible with { Add = ["s9"], Leave = [] }), StringComparison.Ordinal);
        Assert.Contains("no group", Move(possible with { Group = new RaftGroupId("orders", 2) }), StringComparison.Ordinal);
        Assert.Equal(version, _meta.Catalog.Version);
    }

    [Fact]
    public void A_retired_silo_gets_no_groups_of_a_new_family_until_it_is_admitted()
    {
        Apply(new MetaCommand { Retire = "s2" });
        Create("orders", 1, 5);
        Assert.Equal(["s1", "s3", "s4", "s5"], _meta.Catalog.Families[0].Silos.AsEnumerable());
        Apply(new MetaCommand { Admit = "s2" });
        Create("carts", 1, 5);
        Assert.Equal(5, _meta.Catalog.Families[1].ReplicationFactor);
    }

    [Fact]
    public void A_catalog_with_moved_replicas_survives_a_snapshot()
    {
        Create("orders", 2, 3);
        Move(new PlacementChange(new RaftGroupId("orders", 1), ["s1"], ["s2"]));
        Apply(new MetaCommand { Left = new RaftGroupId("orders", 1), LeftReplica = new ReplicaId(2), Retire = "s5" });
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        _meta.Snapshot(output);
        var other = new MetaMachine(new Genesis(Guid.NewGuid(), []));
        other.Restore(new System.Buffers.ReadOnlySequence<byte>(output.WrittenMemory));
        Assert.Equal(MetaCodec.Encode(_meta.Catalog), MetaCodec.Encode(other.Catalog));
        Assert.Equal(["3@s3", "4@s4", "6@s1"], CatalogGroups.PlacementOf(other.Catalog, new RaftGroupId("orders", 1))!.Replicas.Select(Text));
        Assert.True(CatalogGroups.BindingOf(other.Catalog, "s5")!.IsRetired);
    }

    private static string Text(PlacedReplica replica) => $"{replica.Replica}@{replica.Silo}{(replica.IsLeaving ? " leaves" : "")}";

    private GroupPlacement Placement(string name, int index) => CatalogGroups.PlacementOf(_meta.Catalog, new RaftGroupId(name, index))!;

    private string? Move(params PlacementChange[] changes) => MetaMachine.RefusalOf(Apply(new MetaCommand { Changes = [.. changes] }));

    private void Create(string name, int groups, int factor) => Apply(new MetaCommand { Create = new CatalogFamily(name, groups, factor, 0, []) });

    private bool Upgrade(string silo, Guid store, long counter, int level) => MetaMachine.RefusalOf(Apply(
        new MetaCommand { Announce = new SiloBinding(default, silo, store, counter, Guid.NewGuid()) { FeatureLevel = level } })) is null;

    private bool Announce(string silo, Guid store, long counter, Guid life, Guid former = default) =>
        MetaMachine.RefusalOf(Apply(new MetaCommand { Announce = new SiloBinding(default, silo, store, counter, life), Former = former })) is null;

    private ReadOnlyMemory<byte> Apply(MetaCommand command) =>
        _meta.Apply(new CommandPosition(1, ++_index, 0), MetaCodec.Encode(command));
}
