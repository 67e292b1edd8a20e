using System.Globalization;
using Orleans.Runtime;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Orleans' contracts ↔ the table's own values.</summary>
internal static class TableMapping
{
    public static SiloRow ToRow(MembershipEntry entry) => new()
    {
        Silo = entry.SiloAddress.ToParsableString(),
        Status = (int)entry.Status,
        ProxyPort = entry.ProxyPort,
        SiloName = entry.SiloName ?? "",
        HostName = entry.HostName ?? "",
        RoleName = entry.RoleName ?? "",
        UpdateZone = entry.UpdateZone,
        FaultZone = entry.FaultZone,
        StartTime = Ticks(entry.StartTime),
        AliveTime = Ticks(entry.IAmAliveTime),
        Suspicions = entry.SuspectTimes is null
            ? []
            : [.. entry.SuspectTimes.Select(static suspect => new Suspicion(suspect.Item1.ToParsableString(), Ticks(suspect.Item2)))],
    };

    public static MembershipEntry ToEntry(SiloRow row) => new()
    {
        SiloAddress = SiloAddress.FromParsableString(row.Silo),
        Status = (SiloStatus)row.Status,
        ProxyPort = row.ProxyPort,
        SiloName = row.SiloName,
        HostName = row.HostName,
        RoleName = row.RoleName.Length == 0 ? null : row.RoleName,
        UpdateZone = row.UpdateZone,
        FaultZone = row.FaultZone,
        StartTime = new DateTime(row.StartTime, DateTimeKind.Utc),
        IAmAliveTime = new DateTime(row.AliveTime, DateTimeKind.Utc),
        SuspectTimes = [.. row.Suspicions.Select(static suspicion => Tuple.Create(
            SiloAddress.FromParsableString(suspicion.Silo), new DateTime(suspicion.Time, DateTimeKind.Utc)))],
    };

    public static MembershipTableData ToData(TableView view) =>
        new([.. view.Rows.Values.Select(ToMember)], ToVersion(view));

    public static MembershipTableData ToData(TableView view, SiloAddress silo) =>
        view.Rows.TryGetValue(silo.ToParsableString(), out var row)
            ? new MembershipTableData(ToMember(row), ToVersion(view))
            : new MembershipTableData(ToVersion(view));

    /// <summary>Whether every reader will understand the row: what one silo writes must not break the others.</summary>
    public static bool IsReadable(SiloRow row)
    {
        try
        {
            ToEntry(row);
            return true;
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            return false;
        }
    }

    /// <summary>An ETag that is not one of ours fits nothing.</summary>
    public static long ETag(string? etag) => long.TryParse(etag, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : 0;

    /// <summary>Orleans takes times without a kind for UTC.</summary>
    public static long Ticks(DateTime time) => time.Kind is DateTimeKind.Local ? time.ToUniversalTime().Ticks : time.Ticks;

    private static Tuple<MembershipEntry, string> ToMember(SiloRow row) => Tuple.Create(ToEntry(row), row.ETag.ToString(CultureInfo.InvariantCulture));

    private static TableVersion ToVersion(TableView view) => new(view.Version, view.VersionETag.ToString(CultureInfo.InvariantCulture));
}
