using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Orleans.Raft.Tidy;

/// <summary>One C# file, parsed.</summary>
internal sealed record SourceFile(string Path, string Text, CompilationUnitSyntax Root)
{
    public int Lines { get; } = Text.AsSpan().TrimEnd().Count('\n') + 1;

    public int LineOf(SyntaxNode node) => Root.SyntaxTree.GetLineSpan(node.Span).StartLinePosition.Line + 1;

    public int LineOf(SyntaxTrivia trivia) => Root.SyntaxTree.GetLineSpan(trivia.Span).StartLinePosition.Line + 1;

    public IEnumerable<T> All<T>() where T : SyntaxNode => Root.DescendantNodes().OfType<T>();

    public override string ToString() => Path;
}

/// <summary>The files of this checkout.</summary>
internal sealed class Repository
{
    public static Repository Current { get; } = new(typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!);

    private Repository(string root)
    {
        Root = root;
        Source = Read("src");
        Tests = Read("test");
        Samples = Read("samples");
    }

    public string Root { get; }

    public IReadOnlyList<SourceFile> Source { get; }

    public IReadOnlyList<SourceFile> Tests { get; }

    public IReadOnlyList<SourceFile> Samples { get; }

    public IEnumerable<SourceFile> All => Source.Concat(Tests).Concat(Samples);

    public IEnumerable<SourceFile> Under(string folder) => All.Where(file => file.Path.StartsWith(folder, StringComparison.Ordinal));

    private List<SourceFile> Read(string folder) =>
        Directory.EnumerateFiles(System.IO.Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(path => System.IO.Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("/obj/") && !path.Contains("/bin/"))
            .Order(StringComparer.Ordinal)
            .Select(Parse)
            .ToList();

    private SourceFile Parse(string path) => Parse(path, File.ReadAllText(System.IO.Path.Combine(Root, path)));

    public static SourceFile Parse(string path, string text)
    {
        // Both halves of #if DEBUG are code that somebody reads: the debug half is the one that is measured.
        var options = new CSharpParseOptions(LanguageVersion.Preview, preprocessorSymbols: ["DEBUG"]);
        return new SourceFile(path, text, CSharpSyntaxTree.ParseText(text, options, path).GetCompilationUnitRoot());
    }
}
