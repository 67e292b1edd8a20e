using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Orleans.Raft.Tidy;

/// <summary>Finds what breaks a rule of docs/STYLE.md; the tests decide what is done about it.</summary>
internal static partial class Rules
{
    /// <summary>Every place where a warning is switched off.</summary>
    public static IEnumerable<Finding> Suppressions(IEnumerable<SourceFile> files)
    {
        foreach (var file in files)
        {
            foreach (var pragma in file.Root.DescendantNodes(descendIntoTrivia: true).OfType<PragmaWarningDirectiveTriviaSyntax>()
                         .Where(pragma => pragma.DisableOrRestoreKeyword.IsKind(SyntaxKind.DisableKeyword)))
            {
                yield return new Finding(file.Path, file.LineOf(pragma), "#pragma", pragma.ToString().Trim());
            }
            foreach (var attribute in file.All<AttributeSyntax>().Where(attribute =>
                         attribute.Name.ToString() is "SuppressMessage" or "UnconditionalSuppressMessage"))
            {
                yield return new Finding(file.Path, file.LineOf(attribute), "SuppressMessage", attribute.ToString());
            }
        }
    }

    /// <summary>Suppressions without a reason beside them: after the pragma, on the line before it, or as Justification.</summary>
    public static IEnumerable<Finding> SuppressionsWithoutReason(IReadOnlyCollection<SourceFile> files) =>
        from suppression in Suppressions(files)
        let lines = files.First(file => file.Path == suppression.File).Text.Split('\n')
        let own = lines[suppression.Line - 1]
        let before = suppression.Line > 1 ? lines[suppression.Line - 2].Trim() : ""
        where suppression.Name == "#pragma"
            ? !own.Contains("//", StringComparison.Ordinal) && !before.StartsWith("//", StringComparison.Ordinal)
            : !suppression.What.Contains("Justification", StringComparison.Ordinal)
        select suppression;

    public static IEnumerable<Finding> Unfinished(IEnumerable<SourceFile> files) =>
        from file in files
        from line in file.Text.Split('\n').Select((text, index) => (Text: text, Number: index + 1))
        where UnfinishedWord().IsMatch(line.Text)
        select new Finding(file.Path, line.Number, "", line.Text.Trim());

    /// <summary>Waiting for time to pass instead of for a condition.</summary>
    public static IEnumerable<Finding> Sleeps(IEnumerable<SourceFile> files) =>
        from file in files
        from call in file.All<InvocationExpressionSyntax>()
        let name = call.Expression.ToString()
        where name is "Task.Delay" or "Thread.Sleep" || name.EndsWith(".Tasks.Task.Delay", StringComparison.Ordinal) ||
            name.EndsWith("Threading.Thread.Sleep", StringComparison.Ordinal)
        select new Finding(file.Path, file.LineOf(call), NameOfMember(call), name);

    /// <summary>Log events with one number: whoever filters by it would get both.</summary>
    public static IEnumerable<Finding> SharedEventNumbers(IEnumerable<SourceFile> files) =>
        from file in files
        from events in file.All<EnumDeclarationSyntax>()
        where events.Identifier.Text.EndsWith("Event", StringComparison.Ordinal)
        from same in events.Members.Where(member => member.EqualsValue is not null).GroupBy(member => member.EqualsValue!.Value.ToString())
        from again in same.Skip(1)
        select new Finding(file.Path, file.LineOf(again), again.Identifier.Text, $"has the number {same.Key}, as {same.First().Identifier.Text} has");

    /// <summary>A catch that does nothing and doesn't even say why nothing is right.</summary>
    public static IEnumerable<Finding> EmptyCatches(IEnumerable<SourceFile> files) =>
        from file in files
        from clause in file.All<CatchClauseSyntax>()
        where clause.Block.Statements.Count == 0 && !clause.Block.DescendantTrivia().Any(IsComment)
        select new Finding(file.Path, file.LineOf(clause), NameOfMember(clause), "catches and says nothing");

    /// <summary>A switch over one of Core's enums that doesn't name every case: a forgotten one would be silence.</summary>
    public static IEnumerable<Finding> IncompleteProtocolSwitches(IReadOnlyCollection<SourceFile> core)
    {
        var enums = core.SelectMany(file => file.All<EnumDeclarationSyntax>())
            .ToDictionary(@enum => @enum.Identifier.Text, @enum => @enum.Members.Select(member => member.Identifier.Text).ToHashSet());
        foreach (var file in core)
        {
            // The compiler finds missing names in an expression (CS8509), unless an arm for everything else hides them.
            foreach (var expression in file.All<SwitchExpressionSyntax>())
            {
                var discard = expression.Arms.FirstOrDefault(arm => arm.Pattern is DiscardPatternSyntax or VarPatternSyntax && arm.WhenClause is null);
                if (discard is not null && expression.Arms.Any(arm => Named(arm.Pattern, enums).Any()))
                {
                    yield return new Finding(file.Path, file.LineOf(discard), NameOfMember(discard), "_ => in a switch over a protocol enum");
                }
            }
            // In a statement it finds nothing.
            foreach (var statement in file.All<SwitchStatementSyntax>())
            {
                var named = statement.Sections.SelectMany(section => section.Labels).SelectMany(label => Named(label, enums)).ToList();
                foreach (var group in named.GroupBy(name => name.Enum, name => name.Member))
                {
                    var missing = enums[group.Key].Except(group).ToList();
                    if (missing.Count > 0)
                    {
                        yield return new Finding(file.Path, file.LineOf(statement), NameOfMember(statement),
                            $"does not name {group.Key}.{string.Join(", ", missing)}");
                    }
                }
            }
        }
    }

    /// <summary>Public classes that can be inherited from although nothing in src does.</summary>
    public static IEnumerable<Finding> UnsealedPublicClasses(IReadOnlyCollection<SourceFile> source)
    {
        var bases = source.SelectMany(file => file.All<BaseTypeSyntax>())
            .Select(type => type.Type.ToString().Split('<', '.')[^1]).ToHashSet();
        foreach (var file in source)
        {
            foreach (var type in file.All<TypeDeclarationSyntax>().Where(type => type is ClassDeclarationSyntax ||
                         type is RecordDeclarationSyntax record && !record.ClassOrStructKeyword.IsKind(SyntaxKind.StructKeyword)))
            {
                var open = type.Modifiers.Any(SyntaxKind.PublicKeyword) && !type.Modifiers.Any(SyntaxKind.SealedKeyword) &&
                    !type.Modifiers.Any(SyntaxKind.AbstractKeyword) && !type.Modifiers.Any(SyntaxKind.StaticKeyword);
                var declaredSealed = source.SelectMany(other => other.All<TypeDeclarationSyntax>()).Any(other =>
                    other.Identifier.Text == type.Identifier.Text && other.Modifiers.Any(SyntaxKind.SealedKeyword));
                // Exceptions come in families, and a family's root may be thrown itself.
                var exception = type.Identifier.Text.EndsWith("Exception", StringComparison.Ordinal);
                if (open && !declaredSealed && !exception && !bases.Contains(type.Identifier.Text))
                {
                    yield return new Finding(file.Path, file.LineOf(type), type.Identifier.Text, "is public and not sealed");
                }
            }
        }
    }

    /// <summary>State in a second file of a partial type: whoever reads the first believes to have seen it all.</summary>
    public static IEnumerable<Finding> FieldsInSecondaryPartials(IEnumerable<SourceFile> source) =>
        from file in source
        where Path.GetFileNameWithoutExtension(file.Path).Contains('.', StringComparison.Ordinal)
        from field in file.All<FieldDeclarationSyntax>()
        where field.Parent is TypeDeclarationSyntax type && type.Modifiers.Any(SyntaxKind.PartialKeyword) &&
            !field.Modifiers.Any(SyntaxKind.StaticKeyword) && !field.Modifiers.Any(SyntaxKind.ConstKeyword) &&
            Path.GetFileName(file.Path).StartsWith(type.Identifier.Text + ".", StringComparison.Ordinal)
        select new Finding(file.Path, file.LineOf(field), field.Declaration.Variables[0].Identifier.Text, "is a field outside the type's main file");

    /// <summary>Skipping that goes around <c>Requires</c>, and so would stay unseen in CI.</summary>
    public static IEnumerable<Finding> OtherSkips(IEnumerable<SourceFile> tests) =>
        from file in tests
        where file.Path != "test/Shared/Requires.cs"
        from node in file.Root.DescendantNodes()
        let what = node switch
        {
            MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "Skip" } } access => access.ToString(),
            AttributeArgumentSyntax { NameEquals.Name.Identifier.Text: "Skip" } argument => argument.ToString(),
            _ => null,
        }
        where what is not null
        select new Finding(file.Path, file.LineOf(node), NameOfMember(node), what);

    internal static string NameOfMember(SyntaxNode node) => node.AncestorsAndSelf().Select(ancestor => ancestor switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        PropertyDeclarationSyntax property => property.Identifier.Text,
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        _ => null,
    }).FirstOrDefault(name => name is not null) ?? "";

    private static IEnumerable<(string Enum, string Member)> Named(SyntaxNode pattern, Dictionary<string, HashSet<string>> enums) =>
        from access in pattern.DescendantNodesAndSelf().OfType<MemberAccessExpressionSyntax>()
        let type = (access.Expression as IdentifierNameSyntax)?.Identifier.Text
        where type is not null && enums.TryGetValue(type, out var members) && members.Contains(access.Name.Identifier.Text)
        select (type, access.Name.Identifier.Text);

    private static bool IsComment(SyntaxTrivia trivia) =>
        trivia.IsKind(SyntaxKind.SingleLineCommentTrivia) || trivia.IsKind(SyntaxKind.MultiLineCommentTrivia);

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|\bNotImplementedException\b")]
    private static partial Regex UnfinishedWord();
}
