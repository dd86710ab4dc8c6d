<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN">
  <context>
    <name>About</name>
    <message>
      <source>&lt;p&gt;&lt;b&gt;srfer names expressions that a face shows. It does not know what a person feels, thinks or intends&lt;/b&gt;, and it is often wrong, above all about small, turned or hidden faces. A restored face is an estimate: it is no evidence of anything, and nobody may be recognised by it.&lt;/p&gt;</source>
      <translation>&lt;p&gt;&lt;b&gt;srfer 只说出人脸显示的表情，并不知道一个人的感受、想法或意图&lt;/b&gt;，而且经常出错，尤其是对小的、侧转的或被遮挡的人脸。复原的人脸只是估计：它不能作为任何证据，也不得用来辨认任何人。&lt;/p&gt;</translation>
    </message>
    <message>
      <source>&lt;p&gt;&lt;b&gt;In the European Union&lt;/b&gt; it is prohibited to infer emotions of people at work and in education, except for medical or safety reasons (Regulation 2024/1689, Article 5(1)(f)). Elsewhere, such a system may be a high-risk one (Annex III), and the people in view have to be informed (Article 50(3)). Other laws, such as the GDPR, BIPA and CUBI, may apply as well. This is no legal advice.&lt;/p&gt;</source>
      <translation>&lt;p&gt;&lt;b&gt;在欧盟&lt;/b&gt;，禁止在工作场所和教育机构推断人的情绪，医疗或安全目的除外（第 2024/1689 号条例第 5 条第 1 款 (f) 项）。在其他场合，此类系统可能属于高风险系统（附件三），并且必须告知画面中的人（第 50 条第 3 款）。GDPR、BIPA、CUBI 等其他法律也可能适用。以上不构成法律意见。&lt;/p&gt;</translation>
    </message>
    <message>
      <source>&lt;p&gt;&lt;b&gt;Privacy.&lt;/b&gt; Everything is computed on this machine. Nothing is sent anywhere, and nothing is stored unless you record, save or export. No one is identified: there are no face templates and no gallery, and the numbers of faces mean nothing beyond one session. Faces can be hidden in what is shown and recorded.&lt;/p&gt;</source>
      <translation>&lt;p&gt;&lt;b&gt;隐私。&lt;/b&gt;一切都在本机计算。不会向任何地方发送数据；除非您录制、保存或导出，否则不会存储任何内容。不识别任何人的身份：没有人脸模板，也没有人脸库，人脸编号在一次会话之外没有意义。可以在显示和录制的画面中遮挡人脸。&lt;/p&gt;</translation>
    </message>
    <message>
      <source>&lt;p&gt;Tell the people in view, and ask them where the law wants it.&lt;/p&gt;</source>
      <translation>&lt;p&gt;请告知画面中的人；法律要求时，请征得其同意。&lt;/p&gt;</translation>
    </message>
    <message>
      <source>srfer itself is under the Apache License 2.0.</source>
      <translation>srfer 本身采用 Apache 许可证 2.0。</translation>
    </message>
    <message>
      <source>The window uses PyQt6, which is under the GNU General Public License 3: whoever passes on a program with this window has to follow it.</source>
      <translation>本窗口使用 PyQt6，其许可证为 GNU 通用公共许可证第 3 版：凡转交带有此窗口的程序者都必须遵守该许可证。</translation>
    </message>
  </context>
  <context>
    <name>AboutDialog</name>
    <message>
      <source>About srfer</source>
      <translation>关于 srfer</translation>
    </message>
    <message>
      <source>Facial expressions from video in real time, also where the face is tiny.</source>
      <translation>实时分析视频中的面部表情，人脸再小也可以。</translation>
    </message>
    <message>
      <source>Lawful use</source>
      <translation>合法使用</translation>
    </message>
    <message>
      <source>Licences</source>
      <translation>许可证</translation>
    </message>
  </context>
  <context>
    <name>Actions</name>
    <message>
      <source>Open video or picture…</source>
      <translation>打开视频或图片…</translation>
    </message>
    <message>
      <source>Open stream address…</source>
      <translation>打开视频流地址…</translation>
    </message>
    <message>
      <source>Open the first webcam</source>
      <translation>打开第一个摄像头</translation>
    </message>
    <message>
      <source>Open part of the screen…</source>
      <translation>打开屏幕区域…</translation>
    </message>
    <message>
      <source>Close the source</source>
      <translation>关闭来源</translation>
    </message>
    <message>
      <source>Export the whole file…</source>
      <translation>导出整个文件…</translation>
    </message>
    <message>
      <source>Settings…</source>
      <translation>设置…</translation>
    </message>
    <message>
      <source>Quit</source>
      <translation>退出</translation>
    </message>
    <message>
      <source>&amp;Source</source>
      <translation>来源(&amp;S)</translation>
    </message>
    <message>
      <source>Play or pause</source>
      <translation>播放或暂停</translation>
    </message>
    <message>
      <source>Back 5 s</source>
      <translation>后退 5 秒</translation>
    </message>
    <message>
      <source>Forward 5 s</source>
      <translation>前进 5 秒</translation>
    </message>
    <message>
      <source>To the start</source>
      <translation>回到开头</translation>
    </message>
    <message>
      <source>Slower</source>
      <translation>减速</translation>
    </message>
    <message>
      <source>Faster</source>
      <translation>加速</translation>
    </message>
    <message>
      <source>&amp;Play</source>
      <translation>播放(&amp;L)</translation>
    </message>
    <message>
      <source>Record</source>
      <translation>录制</translation>
    </message>
    <message>
      <source>Save this picture</source>
      <translation>保存此画面</translation>
    </message>
    <message>
      <source>Hide faces</source>
      <translation>遮挡人脸</translation>
    </message>
    <message>
      <source>&amp;Capture</source>
      <translation>采集(&amp;C)</translation>
    </message>
    <message>
      <source>Mark faces</source>
      <translation>标出人脸</translation>
    </message>
    <message>
      <source>Show small faces enlarged</source>
      <translation>放大显示小人脸</translation>
    </message>
    <message>
      <source>Show the notice</source>
      <translation>显示提示</translation>
    </message>
    <message>
      <source>Choose the next face</source>
      <translation>选择下一张人脸</translation>
    </message>
    <message>
      <source>Zoom in</source>
      <translation>放大</translation>
    </message>
    <message>
      <source>Zoom out</source>
      <translation>缩小</translation>
    </message>
    <message>
      <source>Show the whole picture</source>
      <translation>显示整个画面</translation>
    </message>
    <message>
      <source>Full screen</source>
      <translation>全屏</translation>
    </message>
    <message>
      <source>Marks over the screen itself</source>
      <translation>直接在屏幕上标注</translation>
    </message>
    <message>
      <source>&amp;View</source>
      <translation>视图(&amp;V)</translation>
    </message>
    <message>
      <source>Shortcuts</source>
      <translation>快捷键</translation>
    </message>
    <message>
      <source>About srfer</source>
      <translation>关于 srfer</translation>
    </message>
    <message>
      <source>&amp;Help</source>
      <translation>帮助(&amp;H)</translation>
    </message>
  </context>
  <context>
    <name>Banner</name>
    <message>
      <source>Close this message</source>
      <translation>关闭此消息</translation>
    </message>
  </context>
  <context>
    <name>ExportDialog</name>
    <message>
      <source>Export {name}</source>
      <translation>导出 {name}</translation>
    </message>
    <message>
      <source>the beginning</source>
      <translation>开头</translation>
    </message>
    <message>
      <source>the end</source>
      <translation>结尾</translation>
    </message>
    <message>
      <source>Go over the video twice: slower, and more exact</source>
      <translation>处理视频两遍：更慢，也更准确</translation>
    </message>
    <message>
      <source>“expression analysis” in the video</source>
      <translation>在视频中注明“expression analysis”</translation>
    </message>
    <message>
      <source>Hide faces in the video</source>
      <translation>遮挡视频中的人脸</translation>
    </message>
    <message>
      <source>Replace earlier results</source>
      <translation>替换以前的结果</translation>
    </message>
    <message>
      <source>A manifest is always written.</source>
      <translation>总会写入一份清单。</translation>
    </message>
    <message>
      <source>Export</source>
      <translation>导出</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>停止</translation>
    </message>
    <message>
      <source>Show the folder</source>
      <translation>打开文件夹</translation>
    </message>
    <message>
      <source>Annotated video</source>
      <translation>带标注的视频</translation>
    </message>
    <message>
      <source>JSON lines</source>
      <translation>JSON 行</translation>
    </message>
    <message>
      <source>Table (CSV)</source>
      <translation>表格（CSV）</translation>
    </message>
    <message>
      <source>Subtitles (SRT)</source>
      <translation>字幕（SRT）</translation>
    </message>
    <message>
      <source>Report (HTML)</source>
      <translation>报告（HTML）</translation>
    </message>
    <message>
      <source>Folder</source>
      <translation>文件夹</translation>
    </message>
    <message>
      <source>From</source>
      <translation>从</translation>
    </message>
    <message>
      <source>To</source>
      <translation>到</translation>
    </message>
    <message>
      <source>How faces are hidden</source>
      <translation>遮挡人脸的方式</translation>
    </message>
    <message>
      <source>Progress</source>
      <translation>进度</translation>
    </message>
    <message>
      <source>Joins the tracks of a face over gaps, looks again where it was lost, and smooths its expressions with later frames too</source>
      <translation>跨越间断连接同一张脸的轨迹，在丢失处再次查找，并利用之后的帧平滑其表情</translation>
    </message>
    <message>
      <source>Seconds, or hours:minutes:seconds</source>
      <translation>秒，或 时:分:秒</translation>
    </message>
    <message>
      <source>pixelated</source>
      <translation>像素化</translation>
    </message>
    <message>
      <source>blurred</source>
      <translation>模糊</translation>
    </message>
    <message>
      <source>Choose…</source>
      <translation>选择…</translation>
    </message>
    <message>
      <source>Write</source>
      <translation>写入</translation>
    </message>
    <message>
      <source>to</source>
      <translation>到</translation>
    </message>
    <message>
      <source>Preparing…</source>
      <translation>正在准备…</translation>
    </message>
    <message>
      <source>Stopping…</source>
      <translation>正在停止…</translation>
    </message>
    <message>
      <source>{n} frames</source>
      <translation>{n} 帧</translation>
    </message>
    <message>
      <source>{n} of about {all} frames</source>
      <translation>{n} 帧，共约 {all} 帧</translation>
    </message>
    <message>
      <source>{n} frames, {faces} faces in {s} s: {folder}</source>
      <translation>{s} 秒内 {n} 帧、{faces} 张人脸：{folder}</translation>
    </message>
  </context>
  <context>
    <name>FaceCard</name>
    <message>
      <source>no picture</source>
      <translation>无图像</translation>
    </message>
    <message>
      <source>restored</source>
      <translation>复原</translation>
    </message>
  </context>
  <context>
    <name>FacesPanel</name>
    <message>
      <source>Faces</source>
      <translation>人脸</translation>
    </message>
    <message>
      <source>No faces in view</source>
      <translation>画面中没有人脸</translation>
    </message>
  </context>
  <context>
    <name>Figures</name>
    <message>
      <source>Figures</source>
      <translation>数据</translation>
    </message>
    <message>
      <source>no results in the last seconds</source>
      <translation>最近几秒没有结果</translation>
    </message>
    <message>
      <source>results {p50} ms old, 95% below {p95} ms</source>
      <translation>结果延迟 {p50} 毫秒，95% 低于 {p95} 毫秒</translation>
    </message>
    <message>
      <source>{fps} frames/s</source>
      <translation>{fps} 帧/秒</translation>
    </message>
    <message>
      <source>at work</source>
      <translation>用时</translation>
    </message>
    <message>
      <source>median · 95%</source>
      <translation>中位数 · 95%</translation>
    </message>
    <message>
      <source>captured</source>
      <translation>已捕获</translation>
    </message>
    <message>
      <source>processed</source>
      <translation>已处理</translation>
    </message>
    <message>
      <source>dropped: {cause}</source>
      <translation>丢弃：{cause}</translation>
    </message>
    <message>
      <source>reconnects</source>
      <translation>重新连接</translation>
    </message>
    <message>
      <source>damaged packets</source>
      <translation>损坏的数据包</translation>
    </message>
  </context>
  <context>
    <name>MainWindow</name>
    <message>
      <source>&amp;Panels</source>
      <translation>面板(&amp;P)</translation>
    </message>
  </context>
  <context>
    <name>Marks</name>
    <message>
      <source>hidden</source>
      <translation>被遮挡</translation>
    </message>
    <message>
      <source>not read yet</source>
      <translation>尚未识别</translation>
    </message>
    <message>
      <source>unsure</source>
      <translation>不确定</translation>
    </message>
    <message>
      <source>{size} px</source>
      <translation>{size} 像素</translation>
    </message>
    <message>
      <source>right {share} at this size</source>
      <translation>此尺寸正确率 {share}</translation>
    </message>
    <message>
      <source>as seen</source>
      <translation>原图</translation>
    </message>
    <message>
      <source>restored</source>
      <translation>复原</translation>
    </message>
  </context>
  <context>
    <name>Messages</name>
    <message>
      <source>Open a source</source>
      <translation>打开来源</translation>
    </message>
    <message>
      <source>Drop a video here, or choose one with Open (Ctrl+O).</source>
      <translation>将视频拖到此处，或点击“打开”选择 (Ctrl+O)。</translation>
    </message>
    <message>
      <source>It is tried again until it is back.</source>
      <translation>将不断重试，直到恢复。</translation>
    </message>
    <message>
      <source>No picture comes</source>
      <translation>没有画面</translation>
    </message>
    <message>
      <source>The source is lost</source>
      <translation>来源已断开</translation>
    </message>
    <message>
      <source>This cannot go on</source>
      <translation>无法继续</translation>
    </message>
    <message>
      <source>Connecting…</source>
      <translation>正在连接…</translation>
    </message>
    <message>
      <source>Loading the model…</source>
      <translation>正在加载模型…</translation>
    </message>
    <message>
      <source>The source has ended without a picture</source>
      <translation>来源已结束，没有任何画面</translation>
    </message>
    <message>
      <source>The source has ended</source>
      <translation>来源已结束</translation>
    </message>
    <message>
      <source>No answer yet from: {stages}</source>
      <translation>尚未响应：{stages}</translation>
    </message>
  </context>
  <context>
    <name>NoticeDialog</name>
    <message>
      <source>Before you begin</source>
      <translation>开始之前</translation>
    </message>
    <message>
      <source>I understand</source>
      <translation>我明白</translation>
    </message>
    <message>
      <source>Quit</source>
      <translation>退出</translation>
    </message>
  </context>
  <context>
    <name>Orders</name>
    <message>
      <source>Open video or picture</source>
      <translation>打开视频或图片</translation>
    </message>
    <message>
      <source>No webcam was found; plug one in, and try again.</source>
      <translation>未找到摄像头；请插入后重试。</translation>
    </message>
    <message>
      <source>Zoom about the pointer</source>
      <translation>以指针为中心缩放</translation>
    </message>
    <message>
      <source>Wheel</source>
      <translation>滚轮</translation>
    </message>
    <message>
      <source>Show the whole picture</source>
      <translation>显示整个画面</translation>
    </message>
    <message>
      <source>Double click</source>
      <translation>双击</translation>
    </message>
    <message>
      <source>Choose a face</source>
      <translation>选择人脸</translation>
    </message>
    <message>
      <source>Click</source>
      <translation>单击</translation>
    </message>
    <message>
      <source>Open a file</source>
      <translation>打开文件</translation>
    </message>
    <message>
      <source>Drop it</source>
      <translation>拖放</translation>
    </message>
    <message>
      <source>Save the timeline</source>
      <translation>保存时间线</translation>
    </message>
    <message>
      <source>saved {name}</source>
      <translation>已保存 {name}</translation>
    </message>
  </context>
  <context>
    <name>OverlayWindow</name>
    <message>
      <source>srfer overlay</source>
      <translation>srfer 叠加层</translation>
    </message>
  </context>
  <context>
    <name>Panels</name>
    <message>
      <source>Faces</source>
      <translation>人脸</translation>
    </message>
    <message>
      <source>Performance</source>
      <translation>性能</translation>
    </message>
    <message>
      <source>Timeline</source>
      <translation>时间线</translation>
    </message>
    <message>
      <source>Tools</source>
      <translation>工具</translation>
    </message>
  </context>
  <context>
    <name>PerformancePanel</name>
    <message>
      <source>Performance</source>
      <translation>性能</translation>
    </message>
    <message>
      <source>Read faces after super-resolution</source>
      <translation>先做超分辨率再识别</translation>
    </message>
    <message>
      <source>{n} px</source>
      <translation>{n} 像素</translation>
    </message>
    <message>
      <source>Engine</source>
      <translation>引擎</translation>
    </message>
    <message>
      <source>Precision</source>
      <translation>精度</translation>
    </message>
    <message>
      <source>Face tracker</source>
      <translation>人脸跟踪器</translation>
    </message>
    <message>
      <source>Search size</source>
      <translation>搜索尺寸</translation>
    </message>
    <message>
      <source>Smaller is faster, larger finds smaller faces</source>
      <translation>越小越快，越大能找到越小的人脸</translation>
    </message>
    <message>
      <source>automatic</source>
      <translation>自动</translation>
    </message>
    <message>
      <source>the engine's own</source>
      <translation>引擎默认</translation>
    </message>
  </context>
  <context>
    <name>PictureView</name>
    <message>
      <source>Picture</source>
      <translation>画面</translation>
    </message>
    <message>
      <source>expression analysis running</source>
      <translation>正在进行表情分析</translation>
    </message>
    <message>
      <source>labels {age} ms old</source>
      <translation>标签延迟 {age} 毫秒</translation>
    </message>
    <message>
      <source>labels {age} s old</source>
      <translation>标签延迟 {age} 秒</translation>
    </message>
    <message>
      <source>No faces</source>
      <translation>没有人脸</translation>
    </message>
    <message>
      <source>{count} faces</source>
      <translation>{count} 张人脸</translation>
    </message>
  </context>
  <context>
    <name>RegionPicker</name>
    <message>
      <source>Choose a part of the screen</source>
      <translation>选择屏幕区域</translation>
    </message>
    <message>
      <source>Draw a rectangle; Escape gives up</source>
      <translation>画一个矩形；按 Esc 放弃</translation>
    </message>
  </context>
  <context>
    <name>SettingsDialog</name>
    <message>
      <source>Settings</source>
      <translation>设置</translation>
    </message>
    <message>
      <source>Say “expression analysis running” over the picture</source>
      <translation>在画面上显示“正在进行表情分析”</translation>
    </message>
    <message>
      <source>Mark faces in the picture</source>
      <translation>在画面中标出人脸</translation>
    </message>
    <message>
      <source>Show small faces enlarged</source>
      <translation>放大显示小人脸</translation>
    </message>
    <message>
      <source>Forget the recent sources</source>
      <translation>忘记最近的来源</translation>
    </message>
    <message>
      <source>as the system</source>
      <translation>跟随系统</translation>
    </message>
    <message>
      <source>light</source>
      <translation>浅色</translation>
    </message>
    <message>
      <source>dark</source>
      <translation>深色</translation>
    </message>
    <message>
      <source>shown</source>
      <translation>显示</translation>
    </message>
    <message>
      <source>pixelated</source>
      <translation>马赛克</translation>
    </message>
    <message>
      <source>blurred</source>
      <translation>模糊</translation>
    </message>
    <message>
      <source>Counts from the next start on</source>
      <translation>下次启动后生效</translation>
    </message>
    <message>
      <source>Appearance</source>
      <translation>外观</translation>
    </message>
    <message>
      <source>Language (from the next start on)</source>
      <translation>语言（下次启动后生效）</translation>
    </message>
    <message>
      <source>Faces in pictures and recordings</source>
      <translation>画面和录像中的人脸</translation>
    </message>
    <message>
      <source>Choose…</source>
      <translation>选择…</translation>
    </message>
    <message>
      <source>Folder for recordings</source>
      <translation>录像文件夹</translation>
    </message>
  </context>
  <context>
    <name>ShortcutSheet</name>
    <message>
      <source>Shortcuts</source>
      <translation>快捷键</translation>
    </message>
  </context>
  <context>
    <name>SourceBar</name>
    <message>
      <source>Open</source>
      <translation>打开</translation>
    </message>
    <message>
      <source>Open a source</source>
      <translation>打开来源</translation>
    </message>
    <message>
      <source>Source</source>
      <translation>来源</translation>
    </message>
    <message>
      <source>No source is open</source>
      <translation>没有打开的来源</translation>
    </message>
    <message>
      <source>Video or picture…</source>
      <translation>视频或图片…</translation>
    </message>
    <message>
      <source>Stream address…</source>
      <translation>视频流地址…</translation>
    </message>
    <message>
      <source>Part of the screen…</source>
      <translation>屏幕区域…</translation>
    </message>
    <message>
      <source>Recent</source>
      <translation>最近</translation>
    </message>
  </context>
  <context>
    <name>StatePill</name>
    <message>
      <source>State of the source: {state}</source>
      <translation>来源状态：{state}</translation>
    </message>
    <message>
      <source>no source</source>
      <translation>无来源</translation>
    </message>
  </context>
  <context>
    <name>StreamDialog</name>
    <message>
      <source>Stream address</source>
      <translation>视频流地址</translation>
    </message>
    <message>
      <source>User and password are sent to the camera only, and never stored.</source>
      <translation>用户名和密码只发送给摄像机，绝不保存。</translation>
    </message>
    <message>
      <source>Address</source>
      <translation>地址</translation>
    </message>
    <message>
      <source>User</source>
      <translation>用户名</translation>
    </message>
    <message>
      <source>Password</source>
      <translation>密码</translation>
    </message>
  </context>
  <context>
    <name>Timeline</name>
    <message>
      <source>Timeline</source>
      <translation>时间线</translation>
    </message>
    <message>
      <source>Face</source>
      <translation>人脸</translation>
    </message>
    <message>
      <source>Show</source>
      <translation>显示</translation>
    </message>
    <message>
      <source>Length of time</source>
      <translation>时间长度</translation>
    </message>
    <message>
      <source>Probabilities</source>
      <translation>概率</translation>
    </message>
    <message>
      <source>Labels of all faces</source>
      <translation>所有人脸的标签</translation>
    </message>
    <message>
      <source>last {n} s</source>
      <translation>最近 {n} 秒</translation>
    </message>
    <message>
      <source>last {n} min</source>
      <translation>最近 {n} 分钟</translation>
    </message>
    <message>
      <source>Follow</source>
      <translation>跟随</translation>
    </message>
    <message>
      <source>Show the newest again</source>
      <translation>重新显示最新数据</translation>
    </message>
    <message>
      <source>Save the plot as a picture</source>
      <translation>将图表保存为图片</translation>
    </message>
    <message>
      <source>Save the figures of all faces as a table</source>
      <translation>将所有人脸的数据保存为表格</translation>
    </message>
    <message>
      <source>Face #{n}</source>
      <translation>人脸 #{n}</translation>
    </message>
  </context>
  <context>
    <name>Transport</name>
    <message>
      <source>Position</source>
      <translation>位置</translation>
    </message>
    <message>
      <source>Speed</source>
      <translation>速度</translation>
    </message>
    <message>
      <source>Pause</source>
      <translation>暂停</translation>
    </message>
    <message>
      <source>Play</source>
      <translation>播放</translation>
    </message>
  </context>
  <context>
    <name>Troubles</name>
    <message>
      <source>no such file; check the path</source>
      <translation>没有此文件；请检查路径</translation>
    </message>
    <message>
      <source>may not be read; change its permissions</source>
      <translation>不允许读取；请更改其权限</translation>
    </message>
    <message>
      <source>is a folder; name a video file in it</source>
      <translation>是一个文件夹；请指定其中的视频文件</translation>
    </message>
    <message>
      <source>is a pipe or device, not a file; save the video to a file first</source>
      <translation>是管道或设备，不是文件；请先把视频保存为文件</translation>
    </message>
    <message>
      <source>is empty (0 bytes); copy it again</source>
      <translation>是空文件（0 字节）；请重新复制</translation>
    </message>
    <message>
      <source>holds no video; name a file with pictures</source>
      <translation>其中没有视频；请选择含有画面的文件</translation>
    </message>
    <message>
      <source>its codec is unknown (or the file is damaged); convert it to H.264</source>
      <translation>编码未知（或文件已损坏）；请转换为 H.264</translation>
    </message>
    <message>
      <source>holds no frame that can be decoded (damaged, or over {n} megapixels); copy it again or scale it down</source>
      <translation>没有可以解码的帧（已损坏，或超过 {n} 百万像素）；请重新复制或缩小画面</translation>
    </message>
    <message>
      <source>breaks off after {n} frames: the file is damaged or incomplete; copy it again</source>
      <translation>在第 {n} 帧之后中断：文件已损坏或不完整；请重新复制</translation>
    </message>
    <message>
      <source>is {size} pixels, more than {side} a side or {n} megapixels; scale it down first</source>
      <translation>大小为 {size} 像素，超过每边 {side} 像素或 {n} 百万像素；请先缩小</translation>
    </message>
    <message>
      <source>no frame within {n} s</source>
      <translation>{n} 秒内没有一帧画面</translation>
    </message>
    <message>
      <source>no frame begins at {n} s or later{rest}</source>
      <translation>在 {n} 秒或之后没有任何一帧{rest}</translation>
    </message>
    <message>
      <source>none of {n} pictures can be read</source>
      <translation>{n} 张图片都无法读取</translation>
    </message>
    <message>
      <source>holds no picture ({suffixes})</source>
      <translation>其中没有图片（{suffixes}）</translation>
    </message>
    <message>
      <source>no such folder</source>
      <translation>没有此文件夹</translation>
    </message>
    <message>
      <source>{what}: reading takes too long; copy it to a local disk</source>
      <translation>{what}：读取时间过长；请复制到本地磁盘</translation>
    </message>
    <message>
      <source>{what}: too large for the memory, or too many tracks; convert it to MP4</source>
      <translation>{what}：内存不足，或轨道过多；请转换为 MP4</translation>
    </message>
    <message>
      <source>{what}; convert it to MP4</source>
      <translation>{what}；请转换为 MP4</translation>
    </message>
    <message>
      <source>{what}: unsupported codec; convert it to H.264</source>
      <translation>{what}：不支持的编码；请转换为 H.264</translation>
    </message>
    <message>
      <source>{what} ({detail}); copy it again or convert it to MP4</source>
      <translation>{what}（{detail}）；请重新复制或转换为 MP4</translation>
    </message>
    <message>
      <source>cannot be read</source>
      <translation>无法读取</translation>
    </message>
    <message>
      <source>cannot be searched</source>
      <translation>无法定位</translation>
    </message>
    <message>
      <source>is not a video that can be read: unfinished, damaged or of an unknown format</source>
      <translation>不是可以读取的视频：未完成、已损坏或格式未知</translation>
    </message>
    <message>
      <source>breaks off after {n} frames</source>
      <translation>在第 {n} 帧之后中断</translation>
    </message>
    <message>
      <source>{n} packets in a row cannot be decoded</source>
      <translation>连续 {n} 个数据包无法解码</translation>
    </message>
    <message>
      <source>frame {n} cannot be converted to RGB</source>
      <translation>第 {n} 帧无法转换为 RGB</translation>
    </message>
    <message>
      <source>the connection is refused; is the camera on, and is the port right?</source>
      <translation>连接被拒绝；摄像机是否已打开，端口是否正确？</translation>
    </message>
    <message>
      <source>there is no way to this host; check the network</source>
      <translation>无法到达该主机；请检查网络</translation>
    </message>
    <message>
      <source>there is no way to this host; check its address</source>
      <translation>无法到达该主机；请检查其地址</translation>
    </message>
    <message>
      <source>the host is unknown or does not answer; check its name and the network</source>
      <translation>主机未知或没有应答；请检查主机名和网络</translation>
    </message>
    <message>
      <source>the host does not answer; check its address and the network</source>
      <translation>主机没有应答；请检查其地址和网络</translation>
    </message>
    <message>
      <source>the connection was reset</source>
      <translation>连接被重置</translation>
    </message>
    <message>
      <source>the port is in use by another program</source>
      <translation>端口正被其他程序使用</translation>
    </message>
    <message>
      <source>not allowed (401): check user and password</source>
      <translation>不允许访问（401）：请检查用户名和密码</translation>
    </message>
    <message>
      <source>not allowed (403): check the rights of the user</source>
      <translation>不允许访问（403）：请检查该用户的权限</translation>
    </message>
    <message>
      <source>the host has no such stream (404): check the path</source>
      <translation>主机上没有此视频流（404）：请检查路径</translation>
    </message>
    <message>
      <source>the host refuses the request: check the address</source>
      <translation>主机拒绝了请求：请检查地址</translation>
    </message>
    <message>
      <source>the host answers that it has a fault of its own</source>
      <translation>主机回应其自身发生故障</translation>
    </message>
    <message>
      <source>this build of FFmpeg knows no addresses of this kind</source>
      <translation>此版本的 FFmpeg 不支持这类地址</translation>
    </message>
    <message>
      <source>its codec is not known; choose H.264</source>
      <translation>编码未知；请选择 H.264</translation>
    </message>
    <message>
      <source>is in no format that is read; let it send MPEG-TS, H.264, HEVC or MJPEG</source>
      <translation>格式无法读取；请让它发送 MPEG-TS、H.264、HEVC 或 MJPEG</translation>
    </message>
    <message>
      <source>the connection was closed</source>
      <translation>连接已被关闭</translation>
    </message>
    <message>
      <source>not enough memory</source>
      <translation>内存不足</translation>
    </message>
    <message>
      <source>no answer within {n} s</source>
      <translation>{n} 秒内没有应答</translation>
    </message>
    <message>
      <source>no data for {n} s</source>
      <translation>{n} 秒没有数据</translation>
    </message>
    <message>
      <source>data, but no picture within {n} s</source>
      <translation>有数据，但 {n} 秒内没有画面</translation>
    </message>
    <message>
      <source>the connection broke off</source>
      <translation>连接中断</translation>
    </message>
    <message>
      <source>the stream ended</source>
      <translation>视频流已结束</translation>
    </message>
    <message>
      <source>holds no video</source>
      <translation>其中没有视频</translation>
    </message>
    <message>
      <source>sends nothing that is a video; check the path</source>
      <translation>发送的不是视频；请检查路径</translation>
    </message>
    <message>
      <source>its pictures are too large ({size} pixels)</source>
      <translation>画面过大（{size} 像素）</translation>
    </message>
    <message>
      <source>a picture cannot be converted to RGB</source>
      <translation>一帧画面无法转换为 RGB</translation>
    </message>
    <message>
      <source>not a kind of stream that is read; {schemes} are</source>
      <translation>不是可以读取的视频流类型；可以读取的有 {schemes}</translation>
    </message>
    <message>
      <source>the host or the port is impossible</source>
      <translation>主机或端口不可能存在</translation>
    </message>
    <message>
      <source>it cannot be told where the password ends; write @ as %40, / as %2F, ? as %3F and # as %23 in it, and @ as %40 in the path</source>
      <translation>无法判断密码在何处结束；请在密码中把 @ 写作 %40、/ 写作 %2F、? 写作 %3F、# 写作 %23，并在路径中把 @ 写作 %40</translation>
    </message>
    <message>
      <source>is not there; plug it in</source>
      <translation>不存在；请插上设备</translation>
    </message>
    <message>
      <source>was unplugged</source>
      <translation>已被拔出</translation>
    </message>
    <message>
      <source>gives no data; plug it in again</source>
      <translation>没有数据；请重新插上</translation>
    </message>
    <message>
      <source>is in use by another program; close that</source>
      <translation>正被其他程序使用；请关闭该程序</translation>
    </message>
    <message>
      <source>may not be opened; add yourself to the group: sudo usermod -aG video $USER, and log in again</source>
      <translation>不允许打开；请把自己加入用户组：sudo usermod -aG video $USER，然后重新登录</translation>
    </message>
    <message>
      <source>is not a camera</source>
      <translation>不是摄像头</translation>
    </message>
    <message>
      <source>offers no video of this size and rate</source>
      <translation>不提供这种大小和帧率的视频</translation>
    </message>
    <message>
      <source>there is no such webcam; there are: none</source>
      <translation>没有此摄像头；这台机器上一个也没有</translation>
    </message>
    <message>
      <source>there is no such webcam; there are: {names}</source>
      <translation>没有此摄像头；现有：{names}</translation>
    </message>
    <message>
      <source>more than one is called so; there are: {names}</source>
      <translation>有多个同名；现有：{names}</translation>
    </message>
    <message>
      <source>{name} is gone, and {other} has its number</source>
      <translation>{name} 已不在，其编号现属于 {other}</translation>
    </message>
    <message>
      <source>cannot be opened: not there, in use by another program, or not allowed</source>
      <translation>无法打开：不存在、正被其他程序使用，或不允许访问</translation>
    </message>
    <message>
      <source>gives no more pictures</source>
      <translation>不再提供画面</translation>
    </message>
    <message>
      <source>cannot be opened</source>
      <translation>无法打开</translation>
    </message>
    <message>
      <source>broke off</source>
      <translation>中断</translation>
    </message>
    <message>
      <source>the X server does not answer; check the variable DISPLAY</source>
      <translation>X 服务器没有应答；请检查变量 DISPLAY</translation>
    </message>
    <message>
      <source>this region is not (or not wholly) on the screen</source>
      <translation>该区域不在（或不完全在）屏幕上</translation>
    </message>
    <message>
      <source>cannot be read any more</source>
      <translation>无法再读取</translation>
    </message>
    <message>
      <source>there is no screen: the variable DISPLAY is not set</source>
      <translation>没有屏幕：未设置变量 DISPLAY</translation>
    </message>
    <message>
      <source>Wayland lets no program read the screen in this way; log in to an X11 session (or unset WAYLAND_DISPLAY, to read the X server that DISPLAY names)</source>
      <translation>Wayland 不允许程序以这种方式读取屏幕；请登录 X11 会话（或取消设置 WAYLAND_DISPLAY，以读取 DISPLAY 所指的 X 服务器）</translation>
    </message>
    <message>
      <source>no model {name}: give the path of an .onnx file or one of {names}</source>
      <translation>没有模型 {name}：请给出 .onnx 文件的路径，或 {names} 之一</translation>
    </message>
    <message>
      <source>cannot read model {name}: {why}</source>
      <translation>无法读取模型 {name}：{why}</translation>
    </message>
    <message>
      <source>{name} is damaged (sha256 differs): reinstall srfer</source>
      <translation>{name} 已损坏（sha256 不符）：请重新安装 srfer</translation>
    </message>
    <message>
      <source>{name} is no ONNX file, or damaged</source>
      <translation>{name} 不是 ONNX 文件，或已损坏</translation>
    </message>
    <message>
      <source>{name} is not a srfer model: it has no {key} metadata</source>
      <translation>{name} 不是 srfer 模型：缺少 {key} 元数据</translation>
    </message>
    <message>
      <source>no device can run {name} ({detail})</source>
      <translation>没有设备可以运行 {name}（{detail}）</translation>
    </message>
    <message>
      <source>{device} does not compute in {precision}: only {names}</source>
      <translation>{device} 不支持 {precision} 计算：只支持 {names}</translation>
    </message>
    <message>
      <source>this needs MediaPipe: {command}</source>
      <translation>需要 MediaPipe：{command}</translation>
    </message>
    <message>
      <source>this needs {names}: pip install {extra}</source>
      <translation>需要 {names}：pip install {extra}</translation>
    </message>
    <message>
      <source>{why}; free some space</source>
      <translation>{why}；请腾出一些空间</translation>
    </message>
    <message>
      <source>{why} after {n} frames; free some space</source>
      <translation>写入 {n} 帧之后：{why}；请腾出一些空间</translation>
    </message>
    <message>
      <source>{why}; check its folder</source>
      <translation>{why}；请检查其文件夹</translation>
    </message>
    <message>
      <source>{why} after {n} frames; check its folder</source>
      <translation>写入 {n} 帧之后：{why}；请检查其文件夹</translation>
    </message>
    <message>
      <source>cannot be written to ({why}); choose another folder</source>
      <translation>无法写入（{why}）；请选择其他文件夹</translation>
    </message>
    <message>
      <source>is a file; choose a folder for the results</source>
      <translation>是一个文件；请为结果选择一个文件夹</translation>
    </message>
    <message>
      <source>holds the input {name}; choose another folder for the results</source>
      <translation>其中有输入文件 {name}；请为结果选择其他文件夹</translation>
    </message>
    <message>
      <source>{name} exists already; choose another name</source>
      <translation>{name} 已经存在；请选择其他名称</translation>
    </message>
    <message>
      <source>a recording is under way; end it before the next one</source>
      <translation>正在录制；请先结束这次录制</translation>
    </message>
    <message>
      <source>the picture cannot be encoded; try another frame</source>
      <translation>无法编码该图片；请换一帧再试</translation>
    </message>
    <message>
      <source>the end ({end} s) must be after the start ({start} s)</source>
      <translation>结尾（{end} 秒）必须在开头（{start} 秒）之后</translation>
    </message>
    <message>
      <source>the export was stopped; nothing of it is left</source>
      <translation>导出已停止；没有留下任何文件</translation>
    </message>
    <message>
      <source>was deleted or renamed during the export; its results are complete but for {name}</source>
      <translation>在导出期间被删除或改名；除 {name} 外，结果是完整的</translation>
    </message>
    <message>
      <source>changed while it was read; export it again when it is complete</source>
      <translation>在读取期间发生了变化；请在它完整之后重新导出</translation>
    </message>
    <message>
      <source>no space left on device</source>
      <translation>磁盘空间不足</translation>
    </message>
    <message>
      <source>disk quota exceeded</source>
      <translation>超出磁盘配额</translation>
    </message>
    <message>
      <source>file too large</source>
      <translation>文件过大</translation>
    </message>
    <message>
      <source>permission denied</source>
      <translation>没有权限</translation>
    </message>
    <message>
      <source>operation not permitted</source>
      <translation>不允许此操作</translation>
    </message>
    <message>
      <source>read-only file system</source>
      <translation>文件系统是只读的</translation>
    </message>
    <message>
      <source>no such file or directory</source>
      <translation>没有此文件或文件夹</translation>
    </message>
    <message>
      <source>not a directory</source>
      <translation>不是文件夹</translation>
    </message>
    <message>
      <source>is a directory</source>
      <translation>是文件夹</translation>
    </message>
    <message>
      <source>file name too long</source>
      <translation>文件名过长</translation>
    </message>
    <message>
      <source>input/output error</source>
      <translation>输入输出错误</translation>
    </message>
    <message>
      <source>too many open files</source>
      <translation>打开的文件过多</translation>
    </message>
    <message>
      <source>no source was named; give a file, an address, or webcam:0</source>
      <translation>没有指定来源；请给出文件、地址或 webcam:0</translation>
    </message>
    <message>
      <source>{why}; the settings file was kept as {name}</source>
      <translation>{why}；原设置文件已保存为 {name}</translation>
    </message>
    <message>
      <source>the settings are damaged</source>
      <translation>设置已损坏</translation>
    </message>
    <message>
      <source>the settings are from a newer version</source>
      <translation>设置来自更新的版本</translation>
    </message>
    <message>
      <source>the settings are larger than settings can be</source>
      <translation>设置文件过大</translation>
    </message>
    <message>
      <source>setting {name} has an impossible value</source>
      <translation>设置 {name} 的值不可能</translation>
    </message>
    <message>
      <source>{name} cannot be written; check its folder</source>
      <translation>{name} 无法写入；请检查其文件夹</translation>
    </message>
    <message>
      <source>the picture cannot be written; choose another folder</source>
      <translation>无法写入图片；请选择其他文件夹</translation>
    </message>
    <message>
      <source>{name} exists already; tick “Replace earlier results” or choose another folder</source>
      <translation>{name} 已经存在；请勾选“替换以前的结果”或选择其他文件夹</translation>
    </message>
    <message>
      <source>about {need} MB are needed and {free} MB are free; free some space, choose another disk, or leave the video out</source>
      <translation>大约需要 {need} MB，可用 {free} MB；请腾出空间、选择其他磁盘，或不写入视频</translation>
    </message>
    <message>
      <source>the model file of {name} is not here yet: run `srfer model fetch {again}`</source>
      <translation>尚无 {name} 的模型文件：请运行 `srfer model fetch {again}`</translation>
    </message>
    <message>
      <source>{name} is damaged, or another model: run `srfer model fetch {again}`</source>
      <translation>{name} 已损坏，或是其他模型：请运行 `srfer model fetch {again}`</translation>
    </message>
    <message>
      <source>nothing to write: choose at least one output</source>
      <translation>没有要写入的内容：请至少选择一项输出</translation>
    </message>
    <message>
      <source>cannot be encoded after {n} frames ({detail}); leave the video out</source>
      <translation>{n} 帧之后无法编码（{detail}）；请不写入视频</translation>
    </message>
    <message>
      <source>{name}: {trouble}</source>
      <translation>{name}：{trouble}</translation>
    </message>
    <message>
      <source>{text}</source>
      <translation>出现问题（英文说明）：{text}</translation>
    </message>
  </context>
  <context>
    <name>Words</name>
    <message>
      <source>neutral</source>
      <translation>中性</translation>
    </message>
    <message>
      <source>happiness</source>
      <translation>高兴</translation>
    </message>
    <message>
      <source>surprise</source>
      <translation>惊讶</translation>
    </message>
    <message>
      <source>sadness</source>
      <translation>悲伤</translation>
    </message>
    <message>
      <source>anger</source>
      <translation>愤怒</translation>
    </message>
    <message>
      <source>disgust</source>
      <translation>厌恶</translation>
    </message>
    <message>
      <source>fear</source>
      <translation>恐惧</translation>
    </message>
    <message>
      <source>contempt</source>
      <translation>轻蔑</translation>
    </message>
    <message>
      <source>connecting</source>
      <translation>连接中</translation>
    </message>
    <message>
      <source>live</source>
      <translation>实时</translation>
    </message>
    <message>
      <source>paused</source>
      <translation>已暂停</translation>
    </message>
    <message>
      <source>stalled</source>
      <translation>停滞</translation>
    </message>
    <message>
      <source>lost</source>
      <translation>已断开</translation>
    </message>
    <message>
      <source>ended</source>
      <translation>已结束</translation>
    </message>
    <message>
      <source>failed</source>
      <translation>失败</translation>
    </message>
    <message>
      <source>overload</source>
      <translation>过载</translation>
    </message>
    <message>
      <source>frame budget</source>
      <translation>帧预算</translation>
    </message>
    <message>
      <source>aborted</source>
      <translation>中止</translation>
    </message>
    <message>
      <source>source</source>
      <translation>来源</translation>
    </message>
    <message>
      <source>find and follow</source>
      <translation>检测与跟踪</translation>
    </message>
    <message>
      <source>read expressions</source>
      <translation>识别表情</translation>
    </message>
    <message>
      <source>hide faces</source>
      <translation>遮挡人脸</translation>
    </message>
    <message>
      <source>timeline</source>
      <translation>时间线</translation>
    </message>
    <message>
      <source>figures</source>
      <translation>数据</translation>
    </message>
    <message>
      <source>recording</source>
      <translation>录制</translation>
    </message>
  </context>
</TS>
