using System.Collections.Immutable;
using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>Which lives of a silo's store speak for its replicas (SAFETY-RULES A1, A7, A9).</summary>
public sealed class LaneGuardTests
{
    private static readonly Guid Store = new(3, 0, 0, new byte[8]);
    private static readonly Guid Process = new(7, 0, 0, new byte[8]);
    private static readonly GroupDescriptor Group = new(new RaftGroupId("g", 0), 1, [new GroupMember(new ReplicaId(3), "s3")]) { Removed = [new ReplicaId(9)] };

    private static readonly Catalog Catalog = Announced(4, Process);

    [Theory]
    [InlineData(5, 8, null)]
    [InlineData(4, 7, null)]
    [InlineData(3, 7, "opened since")]
    [InlineData(4, 8, "another process")]
    public void A_life_is_heard_unless_the_cluster_knows_a_later_one_or_another_process_of_it(long opening, int process, string? why) =>
        Check(why, Catalog, new ReplicaLife(Store, opening, 1), new Guid(process, 0, 0, new byte[8]));

    [Fact]
    public void Another_store_is_not_heard_and_an_unknown_replica_is() =>
        Assert.Multiple(
            () => Check("whose store is", Catalog, new ReplicaLife(Guid.NewGuid(), 9, 1), Process),
            () => Check(null, Catalog, new ReplicaLife(Guid.NewGuid(), 9, 1), Process, replica: 8),
            () => Check("removed", Catalog, new ReplicaLife(Store, 5, 1), Process, replica: 9));

    [Fact]
    public void Before_a_silo_has_introduced_itself_whoever_has_its_store_is_heard() =>
        Check(null, Announced(0, default), new ReplicaLife(Store, 1, 1), Process);

    private static void Check(string? why, Catalog catalog, ReplicaLife life, Guid process, int replica = 3)
    {
        var item = new LaneItem("g", 0, 1, new ReplicaId(replica), new ReplicaId(1), life, default);
        var answer = LaneGuard.WhyNotHeard(catalog, Group, item, process);
        if (why is null)
        {
            Assert.Null(answer);
        }
        else
        {
            Assert.Contains(why, answer, StringComparison.Ordinal);
        }
    }

    private static Catalog Announced(long opening, Guid process) =>
        new(Guid.NewGuid(), 1, [new SiloBinding(new ReplicaId(3), "s3", Store, opening, process)], [], ImmutableDictionary<RaftGroupId, GroupPlacement>.Empty);
}
