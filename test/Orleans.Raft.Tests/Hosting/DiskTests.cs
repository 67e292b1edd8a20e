using Orleans.Raft.Hosting;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>Disks that hang and fail under a leader.</summary>
public sealed class DiskTests
{
    private readonly MiniCluster _cluster = new();
    private readonly int _leader;
    private readonly int _other;

    public DiskTests()
    {
        _cluster.Finish(_cluster.AddAsync(1, 1));
        _cluster.TickUntil(() => _cluster.Leader is not null);
        _leader = _cluster.Leader!.Value;
        _other = (_leader % 3) + 1;
        _cluster.Finish(_cluster.AddAsync(_other, 1));
    }

    [Fact]
    public void A_leader_whose_disk_hangs_hands_over_and_what_it_had_under_way_is_done_once()
    {
        _cluster.Disks[_leader].Hang();
        var add = _cluster.AddAsync(_leader, 5);
        _cluster.Settle();
        Assert.False(add.IsCompleted);
        Assert.True(_cluster.Disks[_leader].HeldCount > 0);

        _cluster.Silos[_leader].Replica!.PostHandOver(_ => true, "its silo's disk hangs");
        Assert.Equal(7, _cluster.Finish(add, maxTicks: 5));
        Assert.NotEqual(_leader, _cluster.Leader);

        _cluster.Disks[_leader].LetGo();
        Assert.Equal(8, _cluster.Finish(_cluster.AddAsync(_leader, 1)));
        Assert.Equal(8, _cluster.Finish(_cluster.ReadAsync(_leader)));
    }

    [Fact]
    public void While_a_leaders_disk_hangs_its_heartbeats_leave_and_nobody_campaigns()
    {
        var term = _cluster.Ask(_other, node => node.Term);
        _cluster.Disks[_leader].Hang();
        var add = _cluster.AddAsync(_leader, 5);
        for (var tick = 0; tick < 60; tick++)
        {
            _cluster.Tick();
        }

        Assert.Equal(_leader, _cluster.Leader);
        Assert.Equal(term, _cluster.Ask(_other, node => node.Term));
        _cluster.Disks[_leader].LetGo();
        Assert.Equal(7, _cluster.Finish(add));
    }

    [Fact]
    public void A_leader_whose_disk_fails_stops_for_good_and_another_leads_before_a_timeout()
    {
        _cluster.Disks[_leader].Fail("I/O error");
        var add = _cluster.AddAsync(_other, 5);

        // An election timeout is ten ticks at least; this is the succession itself.
        Assert.Equal(7, _cluster.Finish(add, maxTicks: 5));
        Assert.Contains("I/O error", _cluster.Silos[_leader].Replica!.Fault, StringComparison.Ordinal);
        Assert.Equal(7, _cluster.Finish(_cluster.ReadAsync(_leader)));
    }
}
