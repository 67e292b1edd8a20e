using Orleans.Raft.Hosting;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>Lanes under more load than they carry, and under load for a silo that has fallen silent (SAFETY-RULES B5).</summary>
public sealed class LaneLoadTests
{
    private const int Mebi = 1 << 20;

    [Theory]
    [InlineData(300, 4_000, 30_000)]
    [InlineData(2_000, 10_000, 10_000)]
    [InlineData(20_000, 1_000, 1_000)]
    [InlineData(20_000, 1_000_000, 2_000)]
    public void A_lane_that_is_offered_three_times_its_capacity_delivers_nine_tenths_of_it(int bytesPerMillisecond, int frame, int milliseconds)
    {
        var link = new SlowLink(bytesPerMillisecond);
        var (offered, index, time) = (0L, 0, 0);
        void Offer()
        {
            for (offered += 3 * bytesPerMillisecond; offered >= frame; offered -= frame)
            {
                link.Lane.TrySend(Lanes.Frame(++index, frame, group: index % 8));
            }

            if (++time % 10 == 0)
            {
                link.Lane.TrySend(Lanes.Frame(index));
            }
        }

        link.Run(milliseconds / 5, Offer);
        var before = link.Bytes;
        link.Run(milliseconds, Offer);
        Assert.InRange((link.Bytes - before) / ((double)bytesPerMillisecond * milliseconds), 0.9, 1.0);
        Assert.DoesNotContain("s2 unreachable", link.Recorder.Events);
    }

    [Fact]
    public void A_group_with_large_entries_takes_no_other_groups_share()
    {
        const int Capacity = 4_000;
        var link = new SlowLink(Capacity);
        var refused = 0;
        link.Run(5_000, () =>
        {
            link.Lane.TrySend(Lanes.Frame(1, Mebi, group: 0));

            // Together a quarter of what the link carries.
            for (var group = 1; group <= 10; group++)
            {
                refused += link.Lane.TrySend(Lanes.Frame(1, 100, group: group)) ? 0 : 1;
            }
        });
        Assert.Equal(0, refused);
        for (var group = 1; group <= 10; group++)
        {
            // All but what is still on its way.
            Assert.InRange(link.BytesOf(group), 0.85 * 100 * 5_000, 100 * 5_000);
        }

        Assert.InRange(link.BytesOf(0), 0.6 * Capacity * 5_000, Capacity * 5_000);
    }

    [Fact]
    public void Groups_with_equal_appetite_get_equal_shares_whatever_the_size_of_their_entries()
    {
        var link = new SlowLink(4_000);
        link.Run(10_000, () =>
        {
            link.Lane.TrySend(Lanes.Frame(1, 200_000, group: 0));
            for (var i = 0; i < 8; i++)
            {
                link.Lane.TrySend(Lanes.Frame(1, 1_000, group: 1));
                link.Lane.TrySend(Lanes.Frame(1, 10_000, group: 2));
            }
        });
        Assert.All(Enumerable.Range(0, 3), group => Assert.InRange(link.BytesOf(group) / (double)link.Bytes, 0.28, 0.38));
    }

    [Fact]
    public void A_silo_that_falls_silent_under_full_load_costs_a_bounded_number_of_bytes()
    {
        var link = new SlowLink(10_000);
        var (index, most) = (0, 0L);
        var part = new byte[SnapshotTransfer.PartBytes];
        void Offer()
        {
            for (var i = 0; i < 4; i++)
            {
                link.Lane.TrySend(Lanes.Frame(++index, 16_000, group: index % 1_000));
                link.Lane.TrySend(Lanes.Frame(index));
                link.Lane.TrySend(Lanes.Part(index % 1_000, part));
            }

            most = Math.Max(most, link.Lane.HeldBytes + link.CalledBytes);
        }

        link.Run(1_000, Offer);
        link.IsBlack = true;
        link.Run(60_000, Offer);
        Assert.InRange(most, Mebi, 64L * Mebi);
        Assert.InRange(link.Lane.HeldBytes, 0, 8 * Mebi);
        Assert.InRange(link.CalledBytes, 0, 60 * 300);
    }

    [Fact]
    public void A_snapshot_delays_no_append_and_breaks_no_session()
    {
        // A part takes longer than a batch may.
        var link = new SlowLink(800);
        var part = new byte[SnapshotTransfer.PartBytes];
        var index = 0;
        link.Run(10_000, () =>
        {
            link.Lane.TrySend(Lanes.Part(7, part));
            link.Lane.TrySend(Lanes.Frame(++index, 100, group: 1));
        });
        Assert.InRange(link.BytesOf(7), 4 * part.Length, long.MaxValue);
        Assert.DoesNotContain("s2 unreachable", link.Recorder.Events);
        Assert.InRange(link.BytesOf(1), 0.8 * 100 * 10_000, 100 * 10_000);
    }
}
