using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Primitives;

namespace KeyValueStore;

/// <summary>The preconditions of a request: <c>If-Match</c> and <c>If-None-Match</c>.</summary>
/// <param name="IfMatch">ETags of which one must be the stored one; "*" for any value; null without the header.</param>
/// <param name="IfNoneMatch">ETags of which none may be the stored one; "*" for "there must be no value"; null without the header.</param>
[GenerateSerializer]
[Immutable]
[Alias("kv-condition")]
internal sealed record Condition([property: Id(0)] string[]? IfMatch, [property: Id(1)] string[]? IfNoneMatch)
{
    private const string Any = "*";

    public static readonly Condition None = new(null, null);

    /// <summary>Reads the headers; false if one is no list of entity tags.</summary>
    public static bool TryParse(IHeaderDictionary headers, [NotNullWhen(true)] out Condition? condition)
    {
        condition = null;
        if (!TryParse(headers.IfMatch, isWeakEqual: false, out var match) || !TryParse(headers.IfNoneMatch, isWeakEqual: true, out var none))
        {
            return false;
        }

        condition = match is null && none is null ? None : new Condition(match, none);
        return true;
    }

    /// <summary>Whether a stored ETag (null: no value) meets the conditions.</summary>
    public bool Holds(string? stored) => IsMatched(stored) && !IsNoneMatched(stored);

    /// <summary>Whether <c>If-Match</c> lets a request pass.</summary>
    public bool IsMatched(string? stored) => IfMatch is null || (stored is not null && (IfMatch is [Any] || IfMatch.Contains(Quoted(stored))));

    /// <summary>Whether <c>If-None-Match</c> stops a request.</summary>
    public bool IsNoneMatched(string? stored) => IfNoneMatch is not null && stored is not null && (IfNoneMatch is [Any] || IfNoneMatch.Contains(Quoted(stored)));

    private static string Quoted(string stored) => $"\"{stored}\"";

    /// <summary>A list of entity tags (RFC 9110), quotes and all. A header without a tag can't be meant, least of all as "under any condition".</summary>
    /// <param name="isWeakEqual">Whether a weak tag may match: it may say that there is nothing new, never that a change is safe.</param>
    private static bool TryParse(StringValues header, bool isWeakEqual, out string[]? tags)
    {
        tags = null;
        if (header.Count == 0)
        {
            return true;
        }

        var rest = header.ToString().AsSpan().Trim(" \t");
        if (rest is Any)
        {
            tags = [Any];
            return true;
        }

        var (found, count) = (new List<string>(), 0);
        while ((rest = rest.TrimStart(" \t,")).Length > 0)
        {
            var isWeak = rest.StartsWith("W/");
            rest = isWeak ? rest[2..] : rest;
            var end = rest.StartsWith("\"") ? rest[1..].IndexOf('"') + 1 : 0;
            if (end == 0 || rest[(end + 1)..].TrimStart(" \t") is [not ',', ..])
            {
                return false;
            }

            count++;
            if (isWeakEqual || !isWeak)
            {
                found.Add(rest[..(end + 1)].ToString());
            }

            rest = rest[(end + 1)..];
        }

        tags = [.. found];
        return count > 0;
    }
}
