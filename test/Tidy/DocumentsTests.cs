using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Orleans.Raft.Tidy;

/// <summary>The pages name files and tests that exist: a page that has rotted misleads more than none.</summary>
public sealed partial class DocumentsTests
{
    private static IEnumerable<string> Pages => Directory.GetFiles(Path.Combine(Repository.Current.Root, "docs"), "*.md", SearchOption.AllDirectories)
        .Append(Path.Combine(Repository.Current.Root, "README.md"));

    [Fact]
    public void Every_path_that_a_page_names_exists()
    {
        var missing =
            from page in Pages
            from match in RepositoryPath().Matches(File.ReadAllText(page))
            let path = match.Groups[1].Value
            where !Path.Exists(Path.Combine(Repository.Current.Root, path))
            select $"{Path.GetFileName(page)}: {path}";
        Assert.Empty(missing.Distinct());
    }

    [Fact]
    public void Every_link_between_pages_leads_somewhere()
    {
        var broken =
            from page in Pages
            from match in Link().Matches(File.ReadAllText(page))
            let target = match.Groups[1].Value
            where !target.Contains("://", StringComparison.Ordinal)
            where !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target.Split('#')[0]))
            select $"{Path.GetFileName(page)}: {target}";
        Assert.Empty(broken.Distinct());
    }

    [Fact]
    public void Every_test_that_a_table_names_exists()
    {
        var tests = Repository.Current.Tests.SelectMany(file => file.All<MethodDeclarationSyntax>())
            .Select(method => $"{(method.Parent as ClassDeclarationSyntax)?.Identifier.Text}.{method.Identifier.Text}").ToHashSet();
        var classes = tests.Select(test => test.Split('.')[0]).ToHashSet();
        var unknown =
            from page in Pages
            from match in TestName().Matches(File.ReadAllText(page))
            let name = match.Groups[1].Value
            where name.Contains('.', StringComparison.Ordinal) ? !tests.Contains(name) : !classes.Contains(name)
            select $"{Path.GetFileName(page)}: {name}";
        Assert.Empty(unknown.Distinct());
    }

    [GeneratedRegex(@"`((?:src|test|samples|docs|eng)/[^`*\s]*)`")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"\]\(([^)#\s][^)\s]*)\)")]
    private static partial Regex Link();

    // `SomethingTests` or `SomethingTests.A_test_of_it`.
    [GeneratedRegex(@"`([A-Z]\w*Tests(?:\.\w+)?)`")]
    private static partial Regex TestName();
}
