namespace Orleans.Raft.Storage.Engine;

/// <summary>Names in a data directory.</summary>
internal sealed record WalPaths(string Directory)
{
    public string Identity => Path.Combine(Directory, IdentityFile.Name);

    public string Lock => Path.Combine(Directory, "lock");

    public string LogDirectory => Path.Combine(Directory, "log");

    public string StateDirectory => Path.Combine(Directory, "state");

    public string Manifest => Path.Combine(LogDirectory, Engine.Manifest.Name);

    public string Segment(long id) => Path.Combine(LogDirectory, Engine.Segment.NameOf(id));

    public string Index(long id) => Path.Combine(LogDirectory, Engine.Segment.IndexNameOf(id));

    public string InLog(string name) => Path.Combine(LogDirectory, name);
}
