using Orleans.Raft.Core;
using Orleans.Raft.Tests.Core.Paper;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Tests.Core.Properties;

/// <summary>Appends that are gathered until the next Ready say what they would say one by one.</summary>
public sealed class CoalescingProperties(ITestOutputHelper output)
{
    [Fact]
    public void Proposals_between_two_Readys_leave_in_one_message_to_each_follower_and_get_one_answer()
    {
        var network = Network.LedBy1(3, config => config with { CoalesceAppends = true });
        for (var i = 0; i < 50; i++)
        {
            network[1].Propose($"{i}");
        }

        var sent = network[1].Work();
        Assert.Equal([(2, 50), (3, 50)], sent.Select(message => (message.To.Value, message.Entries.Count)));
        Assert.Equal(51, Assert.Single(network[2].Receive(sent[0])).Index);
        network.Post(sent);
        network.Deliver();
        network.Tick();
        Assert.All(network.Replicas, replica => Assert.Equal(string.Join(' ', Enumerable.Range(0, 50)), replica.AppliedText));
    }

    [Fact]
    public void A_message_does_not_grow_beyond_the_size_limit()
    {
        var network = Network.LedBy1(3, config => config with { CoalesceAppends = true, MaxSizePerMessage = 50 });
        for (var i = 0; i < 20; i++)
        {
            network[1].Propose(new string('x', i == 7 ? 100 : 10));
        }

        var sent = network[1].Work().Where(message => message.To.Value == 2).ToArray();
        Assert.Equal(20, sent.Sum(message => message.Entries.Count));
        Assert.All(sent, message => Assert.True(message.Entries.Count == 1 || message.Entries.Sum(entry => EntrySize.Of(entry)) <= 50));
        Assert.Equal(11, sent.Length);
    }

    [Fact]
    public void What_has_left_is_never_changed()
    {
        var network = Network.LedBy1(3, config => config with { CoalesceAppends = true });
        network[1].Propose("a");
        var first = network[1].Work();
        var before = first.Select(message => (message.Entries.Count, message.Commit)).ToArray();
        network[1].Propose("b");
        network[1].Work();
        Assert.Equal(before, first.Select(message => (message.Entries.Count, message.Commit)));
    }

    [Fact]
    public void Whatever_is_lost_cut_or_restarted_all_replicas_apply_the_same()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            Run(seed);
        }
    }

    private void Run(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var network = Network.LedBy1(3 + (2 * (seed % 2)), config => config with
        {
            CoalesceAppends = true,
            CheckQuorum = seed % 3 == 0,
            PreVote = seed % 3 == 0,
            MaxInflightMessages = 1 + random.Next(4),
            MaxSizePerMessage = seed % 2 == 0 ? RaftConfig.NoLimit : 60,
            ElectionSeed = (ulong)seed,
        });
        network.Loses = _ => random.Next(5) == 0;
        for (var step = 0; step < 200; step++)
        {
            Step(network, random, step);
        }

        network.Loses = _ => false;
        network.Heal();
        network.TickUntil(
            () => network.Replicas.Count(replica => replica.Role is RaftRole.Leader) == 1
                && network.Replicas.All(replica => replica.Node.Applied == network.Replicas.Max(other => other.Node.LastIndex)),
            $"seed {seed}: catching up");
        Assert.Single(network.Replicas.Select(replica => string.Join(',', replica.Log().Select(entry => entry.Id))).Distinct());
        Assert.Single(network.Replicas.Select(replica => replica.AppliedText).Distinct());
    }

    private static void Step(Network network, Random random, int step)
    {
        switch (random.Next(8))
        {
            case 0:
                network.Heal();
                network.Isolate(random.Next(1, 1 + network.Replicas.Count()));
                break;
            case 1:
                network.Heal();
                break;
            case 2:
                network[random.Next(1, 1 + network.Replicas.Count())].Restart();
                break;
            case 3:
                network.Tick(random.Next(15));
                break;
            default:
                foreach (var leader in network.Replicas.Where(replica => replica.Role is RaftRole.Leader))
                {
                    for (var i = random.Next(6); i >= 0; i--)
                    {
                        leader.Propose($"{step}.{i}");
                    }
                }

                network.Deliver();
                break;
        }
    }
}
