using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Orleans.Raft.Tidy;

/// <summary>The cheap half of the naming guide's "not" column: words that already have another name here (docs/GLOSSARY.md).</summary>
internal static partial class Names
{
    /// <summary>Words that no declared name in src may contain, and what the concept is called here.</summary>
    private static readonly Dictionary<string, string> Words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Shard"] = "Group", ["Region"] = "Group", ["Fsm"] = "StateMachine", ["Lsn"] = "Index", ["Epoch"] = "Term",
        ["Journal"] = "RaftLog, or Wal on disk", ["Purge"] = "CompactTo or Reclaim",
        ["Trim"] = "CompactTo or Reclaim", ["Rollback"] = "TruncateAfter", ["Ping"] = "MsgHeartbeat",
    };

    /// <summary>Whole names that may not be declared.</summary>
    private static readonly Dictionary<string, string> Whole = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Raft"] = "RaftNode (a type Raft hides the namespace)", ["RaftEngine"] = "RaftNode", ["RaftManager"] = "RaftNode",
        ["NonVoter"] = "Learner", ["FollowerInfo"] = "PeerProgress", ["StepAside"] = "TransferLeadership",
        ["CommitIndex"] = "Committed", ["LastApplied"] = "Applied",
        ["PrevLogTerm"] = "LogSlice.Previous", ["PrevLogIndex"] = "LogSlice.Previous", ["PersistentState"] = "HardState",
    };

    public static IEnumerable<Finding> Banned(IEnumerable<SourceFile> source) =>
        from file in source
        from declared in Declared(file)
        let instead = Instead(declared.ValueText)
        where instead is not null
        select new Finding(file.Path, file.Root.SyntaxTree.GetLineSpan(declared.Span).StartLinePosition.Line + 1, declared.ValueText,
            $"→ {instead}");

    private static string? Instead(string name)
    {
        var bare = name.TrimStart('_');
        // A parameter may well be called raft; a type may not.
        if (bare != "raft" && Whole.TryGetValue(bare, out var whole))
        {
            return whole;
        }
        return Parts().Matches(bare).Select(part => Words.GetValueOrDefault(part.Value)).FirstOrDefault(word => word is not null);
    }

    private static IEnumerable<SyntaxToken> Declared(SourceFile file) => file.Root.DescendantNodes().Select(node => node switch
    {
        BaseTypeDeclarationSyntax type => type.Identifier,
        MethodDeclarationSyntax method when !method.Modifiers.Any(SyntaxKind.OverrideKeyword) => method.Identifier,
        PropertyDeclarationSyntax property => property.Identifier,
        VariableDeclaratorSyntax variable => variable.Identifier,
        ParameterSyntax parameter => parameter.Identifier,
        EnumMemberDeclarationSyntax member => member.Identifier,
        _ => default,
    }).Where(token => token.ValueText.Length > 0);

    [GeneratedRegex("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")]
    private static partial Regex Parts();
}
