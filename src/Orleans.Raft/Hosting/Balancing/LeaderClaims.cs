namespace Orleans.Raft.Hosting;

/// <summary>
/// Which group's leadership a silo asks for next: a function of what it sees, what it has asked for before, and the time that it is told. Only a group's first
/// choice ever asks, and it asks for what it does not lead: what it has got moves again only if it is lost again, by a new failure. So a group is moved once, at
/// most, for each failure. What the silo gave away by itself (its disk hung, somebody said so by hand) or asked for in vain it leaves alone for a while, twice as
/// long each time.
/// </summary>
internal sealed class LeaderClaims(TimeSpan hold)
{
    private const int MaxDoublings = 6;

    private readonly Dictionary<RaftGroupId, Claim> _claims = [];

    /// <summary>The group to ask for; null if there is none.</summary>
    public RaftGroupId? Next(IReadOnlyCollection<LeaderView> views, TimeSpan now)
    {
        foreach (var view in views)
        {
            Note(view, now);
        }

        RaftGroupId? best = null;
        foreach (var view in views)
        {
            if (!view.Leads && view.CanAsk && view.WhyNot is null && now >= _claims[view.Group].NotBefore && (best is null || Compare(view.Group, best.Value) < 0))
            {
                best = view.Group;
            }
        }

        return best;
    }

    /// <summary>It came to nothing.</summary>
    public void Failed(RaftGroupId group, TimeSpan now) => Hold(_claims[group], now);

    private void Note(in LeaderView view, TimeSpan now)
    {
        if (!_claims.TryGetValue(view.Group, out var claim))
        {
            claim = new Claim();
            _claims.Add(view.Group, claim);
        }

        if (claim.GivenAwayTerm != view.GivenAwayTerm)
        {
            claim.GivenAwayTerm = view.GivenAwayTerm;
            Hold(claim, now);
        }
    }

    private void Hold(Claim claim, TimeSpan now)
    {
        claim.NotBefore = now + (hold * (1 << Math.Min(claim.Holds, MaxDoublings)));
        claim.Holds++;
    }

    private static int Compare(RaftGroupId left, RaftGroupId right) =>
        string.CompareOrdinal(left.Name, right.Name) is var order and not 0 ? order : left.Index.CompareTo(right.Index);

    private sealed class Claim
    {
        public long GivenAwayTerm { get; set; }

        public int Holds { get; set; }

        public TimeSpan NotBefore { get; set; }
    }
}
