using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Wire;

/// <summary>Core's values with every field, so that two can be compared as text and a failure can be read.</summary>
internal static class WireText
{
    public static string Of(in Entry entry) => $"{entry.Id} {entry.Type} [{Convert.ToHexString(entry.Data.Span)}]";

    public static string Of(ConfChange change) => $"{change.Type} {change.Replica} [{Convert.ToHexString(change.Context.Span)}]";

    public static string Of(ConfChangeV2 change) =>
        $"{change.Transition} {string.Join(' ', change.Changes)} [{Convert.ToHexString(change.Context.Span)}]";

    public static string Of(Snapshot snapshot) => $"{snapshot.Id} {snapshot.ConfState} [{Convert.ToHexString(snapshot.Data.Span)}]";

    public static string Of(Message message) =>
        $"{message.Type} {message.From.Value}->{message.To.Value} term {message.Term} log {message.LogTerm}/{message.Index} "
        + $"commit {message.Commit} vote {message.Vote.Value} reject {message.Reject} hint {message.RejectHint} "
        + $"context {message.Context} promise {message.Promise} transfer {message.IsCampaignTransfer}\n"
        + string.Concat(message.Entries.Select(entry => "  " + Of(entry) + "\n"))
        + (message.Snapshot is { } snapshot ? "  " + Of(snapshot) + "\n" : "")
        + string.Concat(message.Responses.Select(response => "  response " + Of(response)));
}
