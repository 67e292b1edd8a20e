using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Orleans.Raft.Tidy;

/// <summary>A method, constructor, operator or accessor and its length in lines, without documentation and attributes.</summary>
internal sealed record Method(SourceFile File, int Line, string Name, int Lines)
{
    public override string ToString() => $"{File}:{Line} {Name} ({Lines} lines)";
}

/// <summary>The ten-line table of docs/STYLE.md, measured from this checkout.</summary>
internal static class Scoreboard
{
    public static IReadOnlyList<Method> MethodsOf(IEnumerable<SourceFile> files) => files.SelectMany(MethodsOf).ToList();

    public static string Print(Repository repository)
    {
        var source = repository.Source;
        var lines = source.Select(file => file.Lines).Order().ToList();
        var methods = MethodsOf(source);
        var lengths = methods.Select(method => method.Lines).Order().ToList();
        var core = repository.Under("src/Orleans.Raft/Core/").ToList();
        var rest = source.Except(core).ToList();
        var coreTests = repository.Under("test/Orleans.Raft.Tests/Core/").Concat(repository.Under("test/Orleans.Raft.Simulation/")).ToList();
        var otherTests = repository.Under("test/Orleans.Raft.").Except(coreTests);

        var table = new StringBuilder("| measure | value | goal |\n| --- | --- | --- |\n");
        Row("src files, lines", $"{source.Count}, {lines.Sum()}", "");
        Row("median, largest src file", $"{At(lines, 0.5)}, {(lines.Count == 0 ? 0 : lines[^1])}", "≤ 90, ≤ 400");
        Row("methods, over 70 lines", $"{methods.Count}, {lengths.Count(length => length > 70)}", "0");
        Row("p90, longest method", $"{At(lengths, 0.9)}, {(lengths.Count == 0 ? 0 : lengths[^1])}", "≤ 30, ≤ 70");
        Row("comment lines in Core, in src", $"{CommentShare(core):P0}, {CommentShare(source):P0}", "20–35 %");
        Row("test : src lines in Core, rest", $"{Ratio(coreTests, core)}, {Ratio(otherTests, rest)}", "≥ 1.5, ≥ 1.2");
        Row("assertions per method, Core", Assertions(core), "≥ 1");
        Row("suppressions", Rules.Suppressions(repository.All).Count().ToString(CultureInfo.InvariantCulture), "only fall");
        Row("TODO and the like in src", Rules.Unfinished(source).Count().ToString(CultureInfo.InvariantCulture), "0");
        Row("public members in src", source.Sum(PublicMembers).ToString(CultureInfo.InvariantCulture), "deliberate");
        Row("lines over 120 columns", LongLines(repository.All).ToString(CultureInfo.InvariantCulture), "0");
        return table.ToString();

        void Row(string measure, string value, string goal) =>
            table.Append(CultureInfo.InvariantCulture, $"| {measure} | {value} | {goal} |\n");
    }

    public static int At(IReadOnlyList<int> sorted, double share) =>
        sorted.Count == 0 ? 0 : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];

    private static IEnumerable<Method> MethodsOf(SourceFile file)
    {
        foreach (var node in file.Root.DescendantNodes())
        {
            var name = node switch
            {
                MethodDeclarationSyntax method => method.Identifier.Text,
                ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
                OperatorDeclarationSyntax @operator => "operator " + @operator.OperatorToken.Text,
                ConversionOperatorDeclarationSyntax conversion => "operator " + conversion.Type,
                AccessorDeclarationSyntax { Body: not null } accessor => accessor.Keyword.Text,
                PropertyDeclarationSyntax { ExpressionBody: not null } property => property.Identifier.Text,
                _ => null,
            };
            if (name is null)
            {
                continue;
            }
            // Attributes are not what makes a method long.
            var start = node is MemberDeclarationSyntax { AttributeLists.Count: > 0 } member
                ? member.AttributeLists.Last().GetLastToken().GetNextToken().SpanStart
                : node.SpanStart;
            var span = file.Root.SyntaxTree.GetLineSpan(Microsoft.CodeAnalysis.Text.TextSpan.FromBounds(start, node.Span.End));
            yield return new Method(file, span.StartLinePosition.Line + 1, name, span.EndLinePosition.Line - span.StartLinePosition.Line + 1);
        }
    }

    private static double CommentShare(IReadOnlyCollection<SourceFile> files)
    {
        int comments = 0, total = 0;
        foreach (var file in files)
        {
            foreach (var line in file.Text.Split('\n'))
            {
                total += string.IsNullOrWhiteSpace(line) ? 0 : 1;
                comments += line.AsSpan().TrimStart().StartsWith("//", StringComparison.Ordinal) ? 1 : 0;
            }
        }
        return total == 0 ? 0 : (double)comments / total;
    }

    private static string Ratio(IEnumerable<SourceFile> tests, IEnumerable<SourceFile> source)
    {
        var lines = source.Sum(file => file.Lines);
        return lines == 0 ? "–" : ((double)tests.Sum(file => file.Lines) / lines).ToString("0.00", CultureInfo.InvariantCulture);
    }

    private static string Assertions(IReadOnlyCollection<SourceFile> files)
    {
        var methods = MethodsOf(files).Count;
        var assertions = files.SelectMany(file => file.All<InvocationExpressionSyntax>())
            .Count(call => call.Expression.ToString() is "Invariant.Holds" or "Debug.Assert");
        return methods == 0 ? "–" : ((double)assertions / methods).ToString("0.00", CultureInfo.InvariantCulture);
    }

    private static int PublicMembers(SourceFile file) => file.All<MemberDeclarationSyntax>().Count(member =>
        member.Modifiers.Any(SyntaxKind.PublicKeyword) &&
        member.Ancestors().OfType<TypeDeclarationSyntax>().All(type => type.Modifiers.Any(SyntaxKind.PublicKeyword)));

    private static int LongLines(IEnumerable<SourceFile> files) =>
        files.Sum(file => file.Text.Split('\n').Count(line => line.Length > 120));
}
