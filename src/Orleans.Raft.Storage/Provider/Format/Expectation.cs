using System.Collections.Immutable;
using System.Text;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// What a write or clear requires of the stored record: the ETag of Orleans' contract, widened after an unknown outcome to
/// "the ETag, or what my lost operation wrote" (SAFETY-RULES C1). Travels as the state's ETag text, so it migrates with the state:
/// <c>500.3-…</c>, or <c>none?process:number</c>, or <c>500.3-…+none?process:number!process:number</c>, where an exclamation mark is before a lost operation that removes the record.
/// </summary>
/// <param name="AcceptsAbsence">Holds when there is no record at all.</param>
/// <param name="Version">Holds when the record has this version.</param>
/// <param name="Operations">Holds when the record was written by one of these, oldest first.</param>
/// <param name="Deletes">Which of the operations remove the record, the first being the lowest bit. Only for the ETag's owner: what a group is sent says no more than that absence holds.</param>
internal readonly record struct Expectation(bool AcceptsAbsence, RecordVersion? Version, ImmutableArray<OperationId> Operations, byte Deletes = 0)
{
    /// <summary>
    /// How many lost operations are remembered. Beyond, the oldest is forgotten: the price is a conflict that a read resolves, never an overwritten value.
    /// </summary>
    public const int MaxOperations = 8;

    private const string NoRecord = "none";

    /// <summary>There must be no record.</summary>
    public static Expectation Absent { get; } = new(true, null, []);

    /// <summary>Holds for nothing: what a text that we never issued says about our records.</summary>
    public static Expectation Never { get; } = new(false, null, []);

    /// <summary>The record must have exactly this version.</summary>
    public static Expectation Exactly(RecordVersion version) => new(false, version, []);

    /// <summary>Reads a state's ETag; null and empty mean that there must be no record.</summary>
    public static Expectation Parse(string? etag)
    {
        if (string.IsNullOrEmpty(etag))
        {
            return Absent;
        }

        var parts = etag.Split('?', '!');
        if (!TryParseBase(parts[0], out var expectation) || parts.Length - 1 > MaxOperations)
        {
            return Never;
        }

        var operations = ImmutableArray.CreateBuilder<OperationId>(parts.Length - 1);
        var (mark, deletes) = (parts[0].Length, 0);
        foreach (var part in parts.AsSpan(1))
        {
            if (!OperationId.TryParse(part, out var operation))
            {
                return Never;
            }

            deletes |= etag[mark] == '!' ? 1 << operations.Count : 0;
            mark += 1 + part.Length;
            operations.Add(operation);
        }

        return expectation with { Operations = operations.MoveToImmutable(), Deletes = (byte)deletes };
    }

    /// <summary>Whether <paramref name="record"/> (null: no record) is what is expected.</summary>
    public bool Holds(in GrainRecord? record) => record is { } present
        ? (Version is { } version && present.Version == version) || Operations.Contains(present.Operation)
        : AcceptsAbsence;

    /// <summary>The expectation after <paramref name="operation"/>, sent under this one, was lost: it may or may not have happened.</summary>
    public Expectation OrWrittenBy(OperationId operation, bool deletes)
    {
        var kept = Operations.Length < MaxOperations ? this : this with { Operations = Operations.RemoveAt(0), Deletes = (byte)(Deletes >> 1) };
        return kept with
        {
            AcceptsAbsence = AcceptsAbsence || deletes,
            Operations = kept.Operations.Add(operation),
            Deletes = (byte)(kept.Deletes | (deletes ? 1 << kept.Operations.Length : 0)),
        };
    }

    /// <summary>
    /// The expectation after a read found <paramref name="record"/>. A lost operation may still arrive, and is then accepted by the group exactly if it was sent
    /// on top of what was found; those stay, all others can no longer succeed. Where one of those that stay removes the record, absence stays accepted, too.
    /// </summary>
    public Expectation AfterReading(in GrainRecord? record)
    {
        var found = record is { } present ? Exactly(present.Version) : Absent;
        if (!Operations.IsDefaultOrEmpty)
        {
            var writer = record is { } written ? Operations.IndexOf(written.Operation) : -1;
            if (writer >= 0)
            {
                return found.OrLostAfter(this, writer + 1);
            }

            if (Holds(record))
            {
                return found.OrLostAfter(this, 0);
            }
        }

        return found;
    }

    /// <summary>The state's ETag; null for "no record".</summary>
    public string? ToETag()
    {
        if (Operations.Length == 0 && !(AcceptsAbsence && Version is not null))
        {
            return Version?.ToString();
        }

        var text = new StringBuilder(Version?.ToString());
        if (AcceptsAbsence)
        {
            text.Append(Version is null ? NoRecord : "+" + NoRecord);
        }

        int deletes = Deletes;
        foreach (var operation in Operations)
        {
            text.Append((deletes & 1) != 0 ? '!' : '?').Append(operation.ToString());
            deletes >>= 1;
        }

        return text.ToString();
    }

    private Expectation OrLostAfter(in Expectation before, int first)
    {
        var deletes = (byte)(before.Deletes >> first);
        return this with { AcceptsAbsence = AcceptsAbsence || deletes != 0, Operations = before.Operations.RemoveRange(0, first), Deletes = deletes };
    }

    private static bool TryParseBase(string text, out Expectation expectation)
    {
        expectation = Absent;
        if (text == NoRecord)
        {
            return true;
        }

        var acceptsAbsence = text.EndsWith("+" + NoRecord, StringComparison.Ordinal);
        var versionText = acceptsAbsence ? text.AsSpan(0, text.Length - NoRecord.Length - 1) : text;
        var isVersion = RecordVersion.TryParse(versionText, out var version);
        expectation = new Expectation(acceptsAbsence, version, []);
        return isVersion;
    }
}
