using System.Collections.Immutable;
using Orleans.Raft.Core;
using Orleans.Raft.Hosting;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>The planner's steps from one configuration to another; a change is written <c>+voter ~learner -removed</c>.</summary>
public sealed class MembershipPlannerTests
{
    [Fact]
    public void A_newcomer_learns_first_then_votes_in_the_place_of_who_leaves_then_that_one_is_let_go()
    {
        var wish = Wish("1- 2 3 4");
        Assert.Equal("~4", Step("2* 1! 3", wish));
        Assert.Equal("waits for the learner 4 to catch up", Step("2* 1! 3 ~4!", wish));
        Assert.Equal("+4 -1", Step("2* 1! 3 ~4", wish));
        Assert.Equal("left 1", Step("2* 3 4", wish));
        Assert.Equal("is as wished", Step("2* 3 4", Wish("2 3 4", 1)));
    }

    [Fact]
    public void Newcomers_come_one_at_a_time()
    {
        var wish = Wish("1 2 3 4 5");
        Assert.Equal("~4", Step("1* 2 3", wish));
        Assert.Equal("+4", Step("1* 2 3 ~4", wish));
        Assert.Equal("~5", Step("1* 2 3 4", wish));
    }

    [Fact]
    public void A_leader_that_leaves_hands_over_first_and_the_next_one_removes_it()
    {
        var wish = Wish("1- 2 3");
        Assert.Equal("to 2", Step("1* 2 3!", wish));
        Assert.Equal("leaves, and nobody is there to lead", Step("1* 2! 3!", wish));
        Assert.Equal("-1", Step("2* 1 3", wish));
    }

    [Fact]
    public void Several_that_leave_go_in_one_joint_change_and_only_if_the_rest_is_alive()
    {
        var wish = Wish("1 2 3 4- 5-");
        Assert.Equal("-4 -5", Step("1* 2 3! 4! 5!", wish));
        Assert.Equal("can't let 4, 5 go: of the others only 1 of 3 answer", Step("1* 2! 3! 4 5", wish));
    }

    [Fact]
    public void A_learner_that_was_wiped_again_is_removed_before_its_successor_is_added()
    {
        var wish = Wish("1 2 3- 4- 5");
        Assert.Equal("-4", Step("1* 2 3! ~4!", wish));
        Assert.Equal("~5", Step("1* 2 3!", wish));
    }

    [Fact]
    public void Nothing_is_done_by_who_does_not_lead_nor_to_members_that_the_wish_does_not_know()
    {
        Assert.Equal("does not lead", Step("1 2 3", Wish("1- 2 3 4")));

        // The catalog at hand may be older than the configuration.
        Assert.Equal("is as wished", Step("1* 2 3 4", Wish("1 2 3")));
        Assert.Equal("-4", Step("1* 2 3 4!", Wish("1 2 3", 4)));
    }

    private static string Step(string replicas, GroupPlacement wish)
    {
        var step = MembershipPlanner.Next(Status(replicas), wish);
        return step.Change is { } change ? string.Join(' ', change.Changes.Select(Text))
            : !step.TransferTo.IsNone ? $"to {step.TransferTo}"
            : step.Left.IsEmpty ? step.Description
            : $"left {string.Join(' ', step.Left)}";
    }

    private static string Text(ConfChangeSingle change) => change.Type switch
    {
        ConfChangeType.AddNode => $"+{change.Replica}",
        ConfChangeType.RemoveNode => $"-{change.Replica}",
        ConfChangeType.AddLearnerNode => $"~{change.Replica}",
        ConfChangeType.UpdateNode => throw new InvalidOperationException("never planned"),
    };

    // "1* 2 3! ~4": 1 leads, 3 does not answer, 4 learns.
    private static RaftStatus Status(string replicas)
    {
        var all = replicas.Split(' ').Select(text => (Id: new ReplicaId(long.Parse(text.Trim('*', '!', '~'), System.Globalization.CultureInfo.InvariantCulture)), text)).ToArray();
        var leader = all.FirstOrDefault(replica => replica.text.Contains('*', StringComparison.Ordinal)).Id;
        var conf = new ConfState
        {
            Voters = [.. all.Where(replica => !replica.text.StartsWith('~')).Select(replica => replica.Id).Order()],
            Learners = [.. all.Where(replica => replica.text.StartsWith('~')).Select(replica => replica.Id).Order()],
        };
        var peers = all.Select(replica =>
        {
            var isAlive = !replica.text.EndsWith('!');
            return new PeerStatus(
                replica.Id, isAlive ? ProgressState.Replicate : ProgressState.Probe, isAlive ? 990 : 3, 991, replica.text.StartsWith('~'), false, 0, isAlive, 0, 0, false);
        });
        return new RaftStatus(
            all[0].Id, new HardState(7, default, 1000), new SoftState(leader, leader.IsNone ? RaftRole.Follower : RaftRole.Leader), 1000, 1000, default, conf, [.. peers], null);
    }

    // "1- 2 3": 1 leaves. What was removed before is given by number.
    private static GroupPlacement Wish(string replicas, params long[] removed) => new(
        new RaftGroupId("g", 0),
        99,
        [.. replicas.Split(' ').Select(text => new PlacedReplica(
            new ReplicaId(long.Parse(text.TrimEnd('-'), System.Globalization.CultureInfo.InvariantCulture)), $"s{text}", Guid.Empty, text.EndsWith('-')))],
        [.. removed.Select(number => new ReplicaId(number))]);
}
