using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Paper;

/// <summary>The paper's calls as messages.</summary>
internal static class PaperMessages
{
    public static Message AppendEntries(long from, long to, long term, EntryId previous, long commit, params Entry[] entries) => new()
    {
        Type = MessageType.MsgApp,
        From = new(from),
        To = new(to),
        Term = term,
        LogTerm = previous.Term,
        Index = previous.Index,
        Commit = commit,
        Entries = entries,
    };

    public static Message AppendAnswer(long from, long to, long term, long index) =>
        new() { Type = MessageType.MsgAppResp, From = new(from), To = new(to), Term = term, Index = index };

    public static Message Heartbeat(long from, long to, long term, long commit = 0) =>
        new() { Type = MessageType.MsgHeartbeat, From = new(from), To = new(to), Term = term, Commit = commit };

    public static Message RequestVote(long from, long to, long term, EntryId last, bool transfer = false) => new()
    {
        Type = MessageType.MsgVote,
        From = new(from),
        To = new(to),
        Term = term,
        LogTerm = last.Term,
        Index = last.Index,
        IsCampaignTransfer = transfer,
    };

    public static Message PreVote(long from, long to, long term, EntryId last) => new()
    {
        Type = MessageType.MsgPreVote,
        From = new(from),
        To = new(to),
        Term = term,
        LogTerm = last.Term,
        Index = last.Index,
    };

    public static Message Vote(long from, long to, long term, bool granted) =>
        new() { Type = MessageType.MsgVoteResp, From = new(from), To = new(to), Term = term, Reject = !granted };

    public static Message PreVoteAnswer(long from, long to, long term, bool granted) =>
        new() { Type = MessageType.MsgPreVoteResp, From = new(from), To = new(to), Term = term, Reject = !granted };

    public static Message InstallSnapshot(long from, long to, long term, Snapshot snapshot) =>
        new() { Type = MessageType.MsgSnap, From = new(from), To = new(to), Term = term, Snapshot = snapshot };
}
