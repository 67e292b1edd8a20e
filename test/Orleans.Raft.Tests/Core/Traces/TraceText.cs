using System.Buffers;
using System.Globalization;
using System.Text;
using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>How values print in traces; kept apart from their ToString, which is for people.</summary>
internal static class TraceText
{
    public static string Quote(ReadOnlySpan<byte> data)
    {
        var text = new StringBuilder("\"");
        while (!data.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(data, out var rune, out var length);
            if (status is not OperationStatus.Done)
            {
                text.Append(CultureInfo.InvariantCulture, $"\\x{data[0]:x2}");
                data = data[1..];
                continue;
            }

            text.Append(rune.Value switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                < 0x20 or 0x7f => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                _ => Encoding.Latin1.GetString(data[..length]),
            });
            data = data[length..];
        }

        return text.Append('"').ToString();
    }

    public static string Of(in Entry entry)
    {
        var text = entry.Type is EntryType.EntryNormal ? Quote(entry.Data.Span)
            : ConfChangeCodec.TryDecode(entry, out var change) ? Of(change)
            : "malformed";
        return $"{entry.Term}/{entry.Index} {entry.Type}{(text.Length > 0 ? " " : "")}{text}";
    }

    public static string Of(ConfChangeV2 change) => string.Join(' ', change.Changes.Select(single => single.Type switch
    {
        ConfChangeType.AddNode => $"v{single.Replica.Value}",
        ConfChangeType.AddLearnerNode => $"l{single.Replica.Value}",
        ConfChangeType.RemoveNode => $"r{single.Replica.Value}",
        ConfChangeType.UpdateNode => $"u{single.Replica.Value}",
    }));

    public static string Of(Snapshot snapshot) => $"Index:{snapshot.Id.Index} Term:{snapshot.Id.Term} ConfState:{snapshot.ConfState}";

    public static string Of(Message message, string indent = "", bool withResponses = true)
    {
        var text = new StringBuilder(indent);
        text.Append(CultureInfo.InvariantCulture, $"{Target(message.From)}->{Target(message.To)} {message.Type} Term:{message.Term}");
        text.Append(CultureInfo.InvariantCulture, $" Log:{message.LogTerm}/{message.Index}");
        text.Append(message.Reject ? $" Rejected (Hint: {message.RejectHint})" : "");
        text.Append(message.Commit == 0 ? "" : $" Commit:{message.Commit}").Append(message.Vote.IsNone ? "" : $" Vote:{message.Vote}");
        if (message.Entries.Count == 1)
        {
            text.Append(" Entries:[").Append(Of(message.Entries[0])).Append(']');
        }
        else if (message.Entries.Count > 1)
        {
            text.Append(" Entries:[");
            foreach (var entry in message.Entries)
            {
                text.Append('\n').Append(indent).Append("  ").Append(Of(entry));
            }

            text.Append('\n').Append(indent).Append(']');
        }

        if (message.Snapshot is { } snapshot)
        {
            text.Append('\n').Append(indent).Append("  Snapshot: ").Append(Of(snapshot));
        }

        if (withResponses && message.Responses.Count > 0)
        {
            text.Append(" Responses:[");
            foreach (var response in message.Responses)
            {
                text.Append('\n').Append(Of(response, indent + "  "));
            }

            text.Append('\n').Append(indent).Append(']');
        }

        return text.ToString();
    }

    public static IEnumerable<string> Of(Ready ready)
    {
        if (ready.IsEmpty)
        {
            yield return "<empty Ready>";
            yield break;
        }

        yield return $"Ready MustSync={(ready.MustSync ? "true" : "false")}:";
        if (ready.SoftState is { } soft)
        {
            yield return $"Lead:{soft.Leader.Value} State:State{soft.Role}";
        }

        if (ready.HardState is { } hard)
        {
            yield return $"HardState {hard}";
        }

        foreach (var line in List("ReadStates:", ready.ReadStates, state => state.IsRefused
                     ? $"ctx={state.Context} refused={state.Reason}"
                     : $"ctx={state.Context} index={state.Index}"))
        {
            yield return line;
        }

        foreach (var line in List("Entries:", ready.Entries, entry => Of(entry)))
        {
            yield return line;
        }

        if (ready.Snapshot is { } snapshot)
        {
            yield return $"Snapshot {Of(snapshot)}";
        }

        foreach (var line in List("CommittedEntries:", ready.CommittedEntries, entry => Of(entry)))
        {
            yield return line;
        }

        foreach (var line in List("Messages:", ready.Messages, message => Of(message)))
        {
            yield return line;
        }
    }

    private static IEnumerable<string> List<T>(string header, IReadOnlyList<T> items, Func<T, string> print) =>
        items.Count == 0 ? [] : items.Select(print).Prepend(header);

    private static string Target(ReplicaId id) =>
        id.IsNone || id.IsLocalThread ? id.ToString() : id.Value.ToString("x", CultureInfo.InvariantCulture);
}
