using System.Text;

namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>
/// One block of a trace: a command, its input, and what it must print. All text is the file's bytes, one char a byte, so that data
/// which is not UTF-8 goes through unharmed.
/// </summary>
internal sealed record TraceBlock(int Line, TraceCommand Command, IReadOnlyList<string> Input, string Expected);

/// <summary>Reads the grammar of shared/raft-traces/FORMAT.md.</summary>
internal static class TraceFile
{
    public static IReadOnlyList<TraceBlock> Read(string path) => Parse(Encoding.Latin1.GetString(File.ReadAllBytes(path)));

    public static IReadOnlyList<TraceBlock> Parse(string text)
    {
        var lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        var blocks = new List<TraceBlock>();
        var at = 0;
        while (at < lines.Length)
        {
            if (IsBlank(lines[at]) || lines[at].TrimStart().StartsWith('#'))
            {
                at++;
                continue;
            }

            var (start, input) = (at++, new List<string>());
            while (at < lines.Length && lines[at] != "----")
            {
                input.Add(lines[at++]);
            }

            if (at == lines.Length)
            {
                throw new FormatException($"line {start + 1}: a block without ----");
            }

            at++;
            var expected = new StringBuilder();
            while (at < lines.Length && !IsBlank(lines[at]))
            {
                expected.Append(lines[at++]).Append('\n');
            }

            blocks.Add(new TraceBlock(start + 1, TraceCommand.Parse(lines[start]), input, expected.ToString()));
        }

        return blocks;
    }

    private static bool IsBlank(string line) => string.IsNullOrWhiteSpace(line);
}

/// <summary>A command line: name, plain tokens, and key=value arguments in order.</summary>
internal sealed class TraceCommand
{
    private TraceCommand(string name, List<string> tokens)
    {
        Name = name;
        Tokens = tokens;
    }

    public string Name { get; }

    /// <summary>Everything after the name, literally.</summary>
    public IReadOnlyList<string> Tokens { get; }

    public static TraceCommand Parse(string line)
    {
        var tokens = new List<string>();
        var (token, depth) = (new StringBuilder(), 0);
        foreach (var c in line + " ")
        {
            depth += c == '(' ? 1 : c == ')' && depth > 0 ? -1 : 0;
            if (c is ' ' or '\t' && depth == 0)
            {
                if (token.Length > 0)
                {
                    tokens.Add(token.ToString());
                }

                token.Clear();
                continue;
            }

            token.Append(c);
        }

        if (token.ToString().TrimEnd() is { Length: > 0 } rest)
        {
            // A parenthesis that is never closed: a token is taken literally, whatever it is.
            tokens.Add(rest);
        }

        return new TraceCommand(tokens[0], tokens[1..]);
    }

    /// <summary>Key and values of a token; without an equals sign the token is a key without values.</summary>
    public static (string Key, string[] Values) Split(string token)
    {
        var equals = token.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (token, []) : (token[..equals], List(token[(equals + 1)..]));
    }

    /// <summary>Values of a key, or null when it is not there.</summary>
    public string[]? Values(string key)
    {
        foreach (var token in Tokens)
        {
            if (Split(token) is { Values: { } values } split && split.Key == key && token.Contains('=', StringComparison.Ordinal))
            {
                return values;
            }
        }

        return null;
    }

    public string? Value(string key) => Values(key) is [var value, ..] ? value : null;

    /// <summary>True or false, in any of the ways in which the traced library's tests may write it.</summary>
    public bool Flag(string key) => Value(key) switch
    {
        null or "0" or "f" or "F" => false,
        "1" or "t" or "T" => true,
        var value => bool.Parse(value),
    };

    /// <summary>What stands behind the equals sign, literally, or null.</summary>
    public string? Text(string key) => Tokens.FirstOrDefault(token => token.StartsWith(key + "=", StringComparison.Ordinal))?[(key.Length + 1)..];

    public long[] Numbers(string key) => [.. (Values(key) ?? []).Select(Number)];

    public long? NumberOf(string key) => Value(key) is { } value ? Number(value) : null;

    /// <summary>Plain tokens that are numbers.</summary>
    public long[] Ids() => [.. Tokens.Where(token => !token.Contains('=', StringComparison.Ordinal)).Select(Number)];

    public static long Number(string text) => long.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static string[] List(string text)
    {
        var inner = text.StartsWith('(') && text.EndsWith(')') ? text[1..^1] : text;
        return [.. inner.Split(',', StringSplitOptions.TrimEntries).Where(value => value.Length > 0)];
    }
}
