using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Orleans.Raft.Tidy;

/// <summary>
/// The arrows of docs/ARCHITECTURE.md read off the source text: the third net under the fence projects and the banned symbols,
/// and the only one for the arrows inside one assembly (Hosting, Provider, Clustering).
/// </summary>
internal sealed record Layer(string Name, string Folder, string Namespace, string[] MayUse)
{
    private const string Hosts = "Microsoft.Extensions, Microsoft.AspNetCore, Orleans";

    public static IReadOnlyList<Layer> All { get; } =
    [
        new("Core", "src/Orleans.Raft/Core/", "Orleans.Raft.Core", []),
        new("Abstractions", "src/Orleans.Raft/Abstractions/", "Orleans.Raft", ["Core"]),
        new("Wire", "src/Orleans.Raft/Wire/", "Orleans.Raft.Wire", ["Core", "Abstractions", "Google.Protobuf"]),
        new("Hosting", "src/Orleans.Raft/Hosting/", "Orleans.Raft.Hosting", ["Core", "Abstractions", "Wire", "Google.Protobuf", Hosts]),
        new("Engine", "src/Orleans.Raft.Storage/Engine/", "Orleans.Raft.Storage.Engine",
            ["Core", "Abstractions", "Wire", "Google.Protobuf", "RocksDbSharp", "Microsoft.Win32.SafeHandles"]),
        new("Provider", "src/Orleans.Raft.Storage/Provider/", "Orleans.Raft.Storage.Provider",
            ["Core", "Abstractions", "Wire", "Hosting", "Google.Protobuf", Hosts]),
        new("Clustering", "src/Orleans.Raft.Storage/Clustering/", "Orleans.Raft.Storage.Clustering",
            ["Core", "Abstractions", "Wire", "Google.Protobuf", Hosts]),
    ];

    /// <summary>Namespaces that a layer may declare besides its own, as Orleans' own packages do.</summary>
    private static readonly string[] Shared = ["Orleans.Hosting", "Orleans.Configuration", "Orleans.Raft"];

    public IEnumerable<SourceFile> Files => Repository.Current.Under(Folder);

    /// <summary>
    /// Names of other layers or libraries that this layer's files mention although no arrow leads there. The engine's own options live in
    /// Orleans.Configuration, as all do; that nothing of Orleans itself comes with the name is what Engine.Fence proves.
    /// </summary>
    public IEnumerable<Finding> WrongArrows() => WrongArrows(Files);

    public IEnumerable<Finding> WrongArrows(IEnumerable<SourceFile> files) =>
        from file in files
        from name in file.Root.DescendantNodes().Where(node => node is UsingDirectiveSyntax { Alias: null } or QualifiedNameSyntax or MemberAccessExpressionSyntax)
        let text = (name is UsingDirectiveSyntax @using ? @using.Name : name)?.ToString().Replace("global::", "") ?? ""
        where text.Contains('.', StringComparison.Ordinal) && name.Parent is not (QualifiedNameSyntax or MemberAccessExpressionSyntax or UsingDirectiveSyntax
            or BaseNamespaceDeclarationSyntax)
        let target = Target(text)
        where target is not null && target != Name && !Permits(target, file) && !(Name == "Engine" && text == "Orleans.Configuration")
        select new Finding(file.Path, file.LineOf(name), Path.GetFileName(file.Path), $"{Name} may not use {text} ({target})");

    /// <summary>Files whose namespace is not their layer's.</summary>
    public IEnumerable<Finding> WrongNamespaces() =>
        from file in Files
        from declaration in file.All<BaseNamespaceDeclarationSyntax>()
        let name = declaration.Name.ToString()
        where name != Namespace && !(Name is "Hosting" or "Provider" or "Clustering" or "Engine" && Shared.Contains(name))
        select new Finding(file.Path, file.LineOf(declaration), name, $"{Name} lives in {Namespace}");

    private bool Permits(string target, SourceFile file) =>
        MayUse.Contains(target) || MayUse.Contains(Hosts) && Hosts.Split(", ").Contains(target) ||
        // Provider and Clustering meet the engine only where services are registered.
        target == "Engine" && Name is "Provider" or "Clustering" && file.Path.EndsWith("Extensions.cs", StringComparison.Ordinal);

    /// <summary>The layer or library that a dotted name leads to; nothing for the BCL and for members of local things.</summary>
    private static string? Target(string text)
    {
        var layer = All.Where(layer => layer.Name != "Abstractions" && IsUnder(text, layer.Namespace)).MaxBy(layer => layer.Namespace.Length);
        if (layer is not null)
        {
            return layer.Name;
        }
        if (IsUnder(text, "Orleans.Raft.Storage"))
        {
            return "Storage";
        }
        if (IsUnder(text, "Orleans.Raft"))
        {
            return "Abstractions";
        }
        string[] libraries = ["Google.Protobuf", "RocksDbSharp", "Microsoft.Win32.SafeHandles", "Microsoft.Extensions", "Microsoft.AspNetCore", "Orleans"];
        return libraries.FirstOrDefault(library => IsUnder(text, library));
    }

    private static bool IsUnder(string name, string space) =>
        name == space || name.StartsWith(space + ".", StringComparison.Ordinal);
}
