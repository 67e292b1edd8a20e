using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

public sealed class LeaderPlanTests
{
    [Theory]
    [InlineData(3, 8, 3)]
    [InlineData(5, 16, 3)]
    [InlineData(4, 1, 3)]
    [InlineData(1, 7, 1)]
    public void Every_silo_is_the_first_choice_of_its_share_of_the_groups(int silos, int groups, int factor)
    {
        var plan = LeaderPlan.Of(Born(silos, groups, factor).Catalog);

        Assert.Equal(groups + 1, plan.Count);
        var shares = Enumerable.Range(1, silos).Select(silo => plan.Values.Count(choice => choice == $"s{silo}")).ToArray();
        Assert.True(shares.Max() - shares.Min() <= 1, string.Join(", ", shares));
    }

    [Fact]
    public void Whatever_the_placement_no_assignment_is_better_balanced()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var run = 0; run < 2_000; run++)
        {
            var silos = Enumerable.Range(1, random.Next(1, 6)).Select(silo => $"s{silo}").ToArray();
            var holders = Enumerable.Range(0, random.Next(1, 7))
                .Select(_ => silos.OrderBy(_ => random.Next()).Take(random.Next(1, Math.Min(3, silos.Length) + 1)).ToArray()).ToArray();

            var chosen = LeaderPlan.Assign(holders);

            Assert.All(Enumerable.Range(0, holders.Length), i => Assert.Contains(chosen[i], holders[i]));
            Assert.True(Cost(chosen!) == Best(holders, [], 0), $"seed {seed} run {run}: {string.Join(" | ", holders.Select(h => string.Join(",", h)))} gave {string.Join(",", chosen)}");
        }
    }

    [Fact]
    public void A_silo_that_lost_its_directory_stays_the_first_choice_of_what_it_was_first_choice_of()
    {
        var meta = Born(3, 8, 3);
        var before = LeaderPlan.Of(meta.Catalog);
        var lost = meta.Catalog.Silos[1].Store;
        Apply(meta, new MetaCommand { Announce = new SiloBinding(default, "s2", Guid.NewGuid(), 1, Guid.NewGuid()), Former = lost });

        Assert.NotEmpty(meta.Catalog.Placements);
        Assert.Equal(before, LeaderPlan.Of(meta.Catalog));
    }

    [Fact]
    public void A_silo_that_goes_out_of_service_leads_nothing_more_and_nothing_moves_between_the_others_but_what_the_balance_needs()
    {
        var meta = Born(4, 16, 3);
        var before = LeaderPlan.Of(meta.Catalog);
        Apply(meta, new MetaCommand { Changes = SiloPlanner.Retire(meta.Catalog, "s4", _ => true), Retire = "s4" });
        var after = LeaderPlan.Of(meta.Catalog);

        Assert.DoesNotContain("s4", after.Values);
        var shares = Enumerable.Range(1, 3).Select(silo => after.Values.Count(choice => choice == $"s{silo}")).ToArray();
        Assert.True(shares.Max() - shares.Min() <= 1, string.Join(", ", shares));
        var moved = before.Where(choice => choice.Value != "s4" && after[choice.Key] != choice.Value).ToArray();
        Assert.True(moved.Length <= 2, string.Join(", ", moved.Select(choice => $"{choice.Key}: {choice.Value} to {after[choice.Key]}")));
    }

    private static int Cost(IEnumerable<string> chosen) => chosen.GroupBy(silo => silo).Sum(same => same.Count() * same.Count());

    private static int Best(string[][] holders, List<string> chosen, int group)
    {
        if (group == holders.Length)
        {
            return Cost(chosen);
        }

        var best = int.MaxValue;
        foreach (var silo in holders[group])
        {
            chosen.Add(silo);
            best = Math.Min(best, Best(holders, chosen, group + 1));
            chosen.RemoveAt(chosen.Count - 1);
        }

        return best;
    }

    private static MetaMachine Born(int silos, int groups, int factor)
    {
        var meta = new MetaMachine(new Genesis(
            Guid.NewGuid(), [.. Enumerable.Range(1, silos).Select(i => new SiloBinding(new ReplicaId(i), $"s{i}", Guid.NewGuid(), 0, default))]));
        Apply(meta, new MetaCommand { Create = new CatalogFamily("orders", groups, factor, 0, []) });
        return meta;
    }

    private static void Apply(MetaMachine meta, MetaCommand command) =>
        Assert.Null(MetaMachine.RefusalOf(meta.Apply(new CommandPosition(1, meta.Catalog.Version + 1, 0), MetaCodec.Encode(command))));
}
