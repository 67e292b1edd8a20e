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

    private void Create(string name, int groups, int factor) => Apply(new MetaCommand(new CatalogFamily(name, groups, factor, 0, []), null));

    private bool Announce(string silo, Guid store, long counter, Guid life) =>
        !Apply(new MetaCommand(null, new SiloBinding(default, silo, store, counter, life))).Span.SequenceEqual(MetaMachine.Refused);

    private ReadOnlyMemory<byte> Apply(MetaCommand command) =>
        _meta.Apply(new CommandPosition(1, ++_index, 0), MetaCodec.Encode(command));
}
