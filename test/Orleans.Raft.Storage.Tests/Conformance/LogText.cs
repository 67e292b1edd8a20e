using System.Text;
using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Tests.Conformance;

/// <summary>Logs as text, so that an assertion shows the whole picture.</summary>
public static class LogText
{
    public static Entry[] Entries(long term, long from, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Entry(term, from + i, EntryType.EntryNormal, Encoding.UTF8.GetBytes($"{term}/{from + i}")))];

    public static List<Entry> Read(ILogReader reader)
    {
        List<Entry> entries = [];
        if (!reader.TryRead(reader.FirstIndex, reader.LastIndex + 1, long.MaxValue, entries))
        {
            throw new InvalidOperationException($"{reader.FirstIndex}..{reader.LastIndex} can't be read");
        }

        return entries;
    }

    public static string Positions(ILogReader reader) => string.Join(' ', Read(reader).Select(e => e.Id));

    public static string Print(ILogReader reader) =>
        string.Join(", ", Read(reader).Select(e => $"{e.Id} {e.Type} {Encoding.UTF8.GetString(e.Data.Span)}"));
}
