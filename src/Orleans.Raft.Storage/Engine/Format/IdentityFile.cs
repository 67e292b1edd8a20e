namespace Orleans.Raft.Storage.Engine;

/// <summary>Whose directory this is. Written last when a directory is made, and again, with a higher counter, at every opening.</summary>
internal sealed record IdentityFile(Guid StoreId, long OpenCounter, string ServiceId, string SiloName)
{
    public const string Name = "identity";

    private const uint Magic = 0x3149524F; // "ORI1"

    public static IdentityFile Read(IFileSystem files, string path)
    {
        using var reader = SealedFile.Open(path, Magic, files.ReadAll(path));
        return new IdentityFile(new Guid(reader.ReadBytes(16)), reader.ReadInt64(), reader.ReadString(), reader.ReadString());
    }

    public void Write(IFileSystem files, string path) => files.ReplaceAtomically(path, SealedFile.Seal(Magic, writer =>
    {
        writer.Write(StoreId.ToByteArray());
        writer.Write(OpenCounter);
        writer.Write(ServiceId);
        writer.Write(SiloName);
    }));

    /// <summary>Refuses the directory of another silo or service.</summary>
    public void CheckOwner(string path, string serviceId, string siloName)
    {
        if (ServiceId != serviceId || SiloName != siloName)
        {
            throw new IOException(
                $"{path}: the directory belongs to silo '{SiloName}' of service '{ServiceId}'; this is silo '{siloName}' of service '{serviceId}'. "
                + "Give each silo a directory of its own, and a stable name.");
        }
    }
}
