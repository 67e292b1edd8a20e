namespace Orleans.Raft.Hosting;

/// <summary>A group of which this silo is the first choice, as its own replica sees it.</summary>
/// <param name="Group">The group.</param>
/// <param name="Leads">True if this silo's replica leads already.</param>
/// <param name="CanAsk">True if another one leads whose silo answers.</param>
/// <param name="WhyNot">Why this silo's replica had better not lead now: it is no voter, or behind; null if it may.</param>
/// <param name="GivenAwayTerm">The last term in which it led and handed leadership over by itself; 0 if it never did.</param>
internal readonly record struct LeaderView(RaftGroupId Group, bool Leads, bool CanAsk, string? WhyNot, long GivenAwayTerm);
