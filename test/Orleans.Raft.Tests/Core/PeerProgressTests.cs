using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core;

/// <summary>What a leader makes of a peer's answers (RAFT-NOTES B.5).</summary>
public sealed class PeerProgressTests
{
    [Fact]
    public void A_probe_waits_after_a_message_with_entries_and_goes_on_after_an_empty_one()
    {
        var peer = NewPeer(match: 0, next: 6);
        peer.SentEntries(0, 0);
        Assert.False(peer.IsPaused);
        peer.SentEntries(2, 10);
        Assert.True(peer.IsPaused);
        Assert.Equal(6, peer.Next);
    }

    [Fact]
    public void Replication_runs_ahead_until_the_window_is_full()
    {
        var peer = NewPeer(match: 5, next: 6, window: 2);
        peer.BecomeReplicate();
        peer.SentEntries(1, 10);
        Assert.False(peer.IsPaused);
        peer.SentEntries(3, 10);
        Assert.True(peer.IsPaused);
        Assert.Equal(10, peer.Next);
        peer.TryUpdate(6);
        peer.Inflights.FreeTo(6);
        Assert.False(peer.IsPaused);
    }

    [Theory]
    [InlineData(5, false, 11)]
    [InlineData(4, false, 11)]
    [InlineData(9, true, 6)]
    public void While_replicating_a_rejection_below_what_matches_is_old_news_and_any_other_resets_to_behind_it(long rejected, bool isNews, long next)
    {
        var peer = NewPeer(match: 5, next: 6);
        peer.BecomeReplicate();
        peer.SentEntries(5, 10);
        Assert.Equal(isNews, peer.TryDecreaseTo(rejected, 2));
        Assert.Equal(next, peer.Next);
    }

    [Theory]
    [InlineData(8, 3, false, 10)]
    [InlineData(9, 3, true, 4)]
    [InlineData(9, 99, true, 9)]
    [InlineData(9, 0, true, 3)]
    public void While_probing_only_the_rejection_of_the_last_probe_counts_and_never_below_what_matches(long rejected, long hint, bool isNews, long next)
    {
        var peer = NewPeer(match: 2, next: 10);
        peer.IsFlowPaused = true;
        Assert.Equal(isNews, peer.TryDecreaseTo(rejected, hint));
        Assert.Equal(next, peer.Next);
        Assert.Equal(!isNews, peer.IsPaused);
    }

    [Fact]
    public void After_a_snapshot_probing_goes_on_behind_it_and_after_a_lost_one_behind_what_matches()
    {
        var peer = NewPeer(match: 1, next: 2);
        peer.BecomeSnapshot(9);
        Assert.True(peer.IsPaused);
        peer.BecomeProbe();
        Assert.Equal(10, peer.Next);

        peer.BecomeSnapshot(9);
        peer.AbortSnapshot();
        Assert.Equal((ProgressState.Probe, 2L, 0L), (peer.State, peer.Next, peer.PendingSnapshot));
    }

    [Fact]
    public void An_older_acknowledgement_changes_nothing()
    {
        var peer = NewPeer(match: 5, next: 9);
        Assert.False(peer.TryUpdate(5));
        Assert.False(peer.TryUpdate(3));
        Assert.True(peer.TryUpdate(12));
        Assert.Equal((12L, 13L), (peer.Match, peer.Next));
    }

    [Fact]
    public void News_of_what_is_committed_is_due_only_as_far_as_the_peer_has_been_sent_entries()
    {
        var peer = NewPeer(match: 5, next: 6);
        peer.BecomeReplicate();
        peer.SentCommit(5);
        Assert.False(peer.CanBumpCommit(9));
        peer.SentEntries(2, 10);
        Assert.True(peer.CanBumpCommit(9));
        peer.SentCommit(7);
        Assert.False(peer.CanBumpCommit(9));
    }

    [Fact]
    public void A_new_term_forgets_rounds_promises_and_the_window()
    {
        var peer = NewPeer(match: 5, next: 6);
        peer.BecomeReplicate();
        peer.SentEntries(2, 10);
        peer.AnsweredHeartbeat(3);
        peer.Promised(TimeSpan.FromSeconds(5));
        peer.Reset(0, 8);
        Assert.Equal((0L, TimeSpan.MinValue, 0, 0L), (peer.AnsweredRound, peer.PromisedUntil, peer.Inflights.Count, peer.Inflights.Bytes));
        Assert.Equal("2: StateProbe match=0 next=8 inactive", peer.ToString());
    }

    [Fact]
    public void A_later_promise_prolongs_and_a_shorter_one_takes_nothing_back()
    {
        var peer = NewPeer(match: 0, next: 1);
        peer.Promised(TimeSpan.FromSeconds(5));
        peer.Promised(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(5), peer.PromisedUntil);
    }

    private static PeerProgress NewPeer(long match, long next, int window = int.MaxValue) => new(new ReplicaId(2), match, next, false, window, 0);
}
